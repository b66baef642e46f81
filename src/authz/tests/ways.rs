//! Where people are sent, and where they come back to.

use super::*;

#[tokio::test]
async fn people_return_to_named_hosts_only() {
    let login = "https://id.example.com/self-service/login/browser";
    let world = world(Ok(Said::NoSession));
    let stranger = world.refuse("GET //evil.example/any/x", &[HTML]).await;
    assert_eq!(header(&stranger, "location"), Some(login));
    let local = world.refuse("GET //127.0.0.1:8080/any/x", &[HTML]).await;
    let back = format!("{login}?return_to=http%3A%2F%2F127.0.0.1%3A8080%2Fany%2Fx");
    assert_eq!(header(&local, "location"), Some(&*back));

    let listed = Config {
        identity: IdentityBase::Url("https://id.example.com".into()),
        return_to_hosts: vec!["*.example.org".into()],
        ..Config::default()
    };
    let world = world_with(Ok(Said::NoSession), listed);
    let named = world.refuse("GET //app.example.org/any/x", &[HTML]).await;
    assert!(header(&named, "location").unwrap().contains("return_to"));

    let fixed = Config {
        public_url: Some("https://front.example".into()),
        ..Config::default()
    };
    let world = world_with(Ok(Said::NoSession), fixed);
    let refusal = world.refuse("GET //anything/any/x?y", &[HTML]).await;
    let expected = "https://front.example/auth/self-service/login/browser\
                    ?return_to=https%3A%2F%2Ffront.example%2Fany%2Fx%3Fy";
    assert_eq!(header(&refusal, "location"), Some(expected));
}

#[tokio::test]
async fn people_who_came_by_a_loopback_address_are_led_on_to_localhost() {
    let config = Config {
        localhost: true,
        ..Config::default()
    };
    let world = world_with(Ok(Said::NoSession), config);
    let refusal = world.refuse("GET //127.0.0.1:4455/any/x", &[HTML]).await;
    let expected = "http://localhost:4455/auth/self-service/login/browser\
                    ?return_to=http%3A%2F%2Flocalhost%3A4455%2Fany%2Fx";
    assert_eq!(header(&refusal, "location"), Some(expected));
}

#[tokio::test]
async fn without_a_second_factor_people_go_where_the_operator_says() {
    let config = Config {
        settings_url: Some("https://people.example/security?tab=2fa".into()),
        ..Config::default()
    };
    let said = session(ONE, 5, SecondFactor::NotEnrolled);
    let world = world_with(Ok(said), config);
    let refusal = world.refuse("GET /transfer/", &[HTML]).await;
    let expected = "https://people.example/security?tab=2fa\
                    &return_to=http%3A%2F%2Fbank.example.com%2Ftransfer%2F";
    assert_eq!(header(&refusal, "location"), Some(expected));
}

#[tokio::test]
async fn a_loop_ends_in_an_explanation() {
    let world = world(Ok(session(ONE, 5, SecondFactor::Unknown)));
    let mut jar = String::new();
    for round in 0..3 {
        let headers = [HTML, ("cookie", &*jar)];
        let refusal = world.refuse("GET /transfer/", &headers).await;
        if round == 2 {
            assert_eq!(refusal.answer.status, StatusCode::FORBIDDEN);
            assert_eq!(refusal.facts.decision, Decided::Deny);
            let Body::Page(page) = &refusal.answer.body else {
                panic!("no page")
            };
            assert_eq!(page.explanation, Explanation::NoProgress);
            assert!(page.proceed.is_some());
            return;
        }
        assert_eq!(refusal.answer.status, StatusCode::SEE_OTHER);
        let cookie = refusal.set_cookies.last().unwrap().to_str().unwrap();
        assert!(cookie.starts_with(LOOP_GUARD_COOKIE) && cookie.contains("HttpOnly"));
        jar = cookie.split(';').next().unwrap().to_owned();
    }
}
