//! What a browser and a program are told of each decision.

use super::*;

#[tokio::test]
async fn a_browser_is_redirected_by_what_is_missing() {
    let back = |path: &str| format!("return_to=http%3A%2F%2Fbank.example.com%2F{path}");
    let login = "https://id.example.com/self-service/login/browser?";
    let has = SecondFactor::Enrolled;
    let none = SecondFactor::NotEnrolled;
    for (said, target, decided, expected) in [
        (
            Said::NoSession,
            "/account/1?a=b&c=d",
            Decided::LogIn,
            format!("{login}{}", back("account%2F1%3Fa%3Db%26c%3Dd")),
        ),
        (
            Said::Undisclosed,
            "/account/",
            Decided::StepUp,
            format!("{login}aal=aal2&{}", back("account%2F")),
        ),
        (
            session(ONE, 5, has),
            "/transfer/x",
            Decided::StepUp,
            format!("{login}aal=aal2&{}", back("transfer%2Fx")),
        ),
        (
            session(ONE, 5, SecondFactor::Unknown),
            "/transfer/x",
            Decided::StepUp,
            format!("{login}aal=aal2&{}", back("transfer%2Fx")),
        ),
        (
            session(ONE, 700, has),
            "/recent/x",
            Decided::Refresh,
            format!("{login}refresh=true&{}", back("recent%2Fx")),
        ),
        (
            session(Aal::Aal2, 700, has),
            "/fresh/x",
            Decided::Refresh,
            format!("{login}refresh=true&aal=aal2&{}", back("fresh%2Fx")),
        ),
        (
            session(ONE, 5, none),
            "/transfer/x",
            Decided::Enrol,
            format!(
                "https://id.example.com/self-service/settings/browser?{}",
                back("transfer%2Fx")
            ),
        ),
    ] {
        let world = world(Ok(said));
        let refusal = world.refuse(&format!("GET {target}"), &[HTML]).await;
        assert_eq!(refusal.answer.status, StatusCode::SEE_OTHER, "{target}");
        assert_eq!(header(&refusal, "location"), Some(&*expected));
        assert_eq!(header(&refusal, "cache-control"), Some("no-store"));
        assert_eq!(
            header(&refusal, "vary"),
            Some("Cookie, Authorization, Accept")
        );
        assert_eq!(refusal.facts.decision, decided);
        assert!(matches!(refusal.answer.body, Body::Empty));
    }
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one table")]
async fn an_api_client_is_challenged_by_what_is_missing() {
    let has = SecondFactor::Enrolled;
    let none = SecondFactor::NotEnrolled;
    let insufficient = "error=\"insufficient_user_authentication\"";
    for (said, target, status, id, challenge, detail) in [
        (
            Said::NoSession,
            "/account/",
            401,
            "session_required",
            vec!["Bearer realm=\"stepgate\""],
            "login_url",
        ),
        (
            Said::Undisclosed,
            "/transfer/",
            401,
            "session_aal2_required",
            vec![insufficient, "acr_values=\"aal2\""],
            "redirect_browser_to",
        ),
        (
            session(ONE, 5, has),
            "/transfer/",
            401,
            "session_aal2_required",
            vec![insufficient, "acr_values=\"aal2\""],
            "redirect_browser_to",
        ),
        (
            session(ONE, 700, has),
            "/recent/",
            401,
            "session_refresh_required",
            vec![insufficient, "max_age=600"],
            "redirect_browser_to",
        ),
        (
            session(Aal::Aal2, 700, has),
            "/fresh/",
            401,
            "session_refresh_required",
            vec![insufficient, "max_age=600", "acr_values=\"aal2\""],
            "redirect_browser_to",
        ),
        (
            session(ONE, 5, none),
            "/transfer/",
            403,
            "second_factor_required",
            vec![],
            "settings_url",
        ),
        (
            session(ONE, 5, none),
            "/strict/",
            403,
            "access_denied",
            vec![],
            "",
        ),
    ] {
        let world = world(Ok(said));
        let refusal = world.refuse(&format!("GET {target}"), &[]).await;
        assert_eq!(refusal.answer.status.as_u16(), status, "{target} {id}");
        assert!(header(&refusal, LOCATION.as_str()).is_none());
        let told = header(&refusal, WWW_AUTHENTICATE.as_str()).unwrap_or_default();
        assert!(challenge.iter().all(|part| told.contains(part)), "{told}");
        let error = error(&refusal);
        assert_eq!(error["id"], id);
        assert!(error["rule"].is_string());
        if !detail.is_empty() {
            let url = error["details"][detail].as_str().unwrap();
            assert!(
                url.contains("return_to=http%3A%2F%2Fbank.example.com%2F"),
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn an_unsafe_method_is_never_redirected() {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let world = world(Ok(session(Aal::Aal2, 700, SecondFactor::Enrolled)));
        let line = format!("{method} /fresh/send");
        let referer = ("referer", "http://bank.example.com/form?x=1#top");
        let refusal = world.refuse(&line, &[HTML, referer]).await;
        assert_eq!(refusal.answer.status, StatusCode::UNAUTHORIZED, "{method}");
        let Body::Page(page) = &refusal.answer.body else {
            panic!("no page")
        };
        assert_eq!(page.explanation, Explanation::Refresh);
        assert_eq!(page.reason.as_deref(), Some("Money leaves the bank here."));
        let proceed = page.proceed.as_deref().unwrap();
        assert!(
            proceed.ends_with("return_to=http%3A%2F%2Fbank.example.com%2Fform%3Fx%3D1"),
            "{proceed}"
        );
        let foreign = ("referer", "http://evil.example/form");
        let refusal = world.refuse(&line, &[HTML, foreign]).await;
        let Body::Page(page) = &refusal.answer.body else {
            panic!("no page")
        };
        let proceed = page.proceed.as_deref().unwrap();
        assert!(
            proceed.ends_with("return_to=http%3A%2F%2Fbank.example.com%2F"),
            "{proceed}"
        );
    }
}

#[tokio::test]
async fn what_no_rule_covers_is_refused_by_what_is_known_of_it() {
    let world = world(Ok(Said::NoSession));
    for (line, status, id, decided) in [
        ("GET /nowhere", 403, "no_rule", Decided::NoRule),
        (
            "GET /post/x",
            405,
            "method_not_allowed",
            Decided::MethodNotAllowed,
        ),
        (
            "GET /account//x",
            400,
            "ambiguous_request",
            Decided::BadRequest,
        ),
    ] {
        let refusal = world.refuse(line, &[]).await;
        assert_eq!(refusal.answer.status.as_u16(), status, "{line}");
        assert_eq!(error(&refusal)["id"], id);
        assert_eq!(refusal.facts.decision, decided);
        let browser = world.refuse(line, &[HTML]).await;
        assert_eq!(browser.answer.status.as_u16(), status);
    }
    assert_eq!(
        header(&*world.refuse("GET /post/x", &[]).await, "allow"),
        Some("POST")
    );
}
