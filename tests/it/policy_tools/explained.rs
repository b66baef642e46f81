//! `explain`: the shape, the reasons, and what makes no sense.

use super::*;

const RULES: &str = "upstreams: { bank: { url: http://127.0.0.1:9 } }
defaults: { upstream: bank }
rules:
  - { id: shop, match: { host: bank.example.com, path: /** }, required_aal: none }
  - { id: accounts, match: { host: bank.example.com, path: /accounts/** }, required_aal: aal1 }
  - id: transfer
    match: { host: bank.example.com, path: /transfer/**, methods: [POST] }
    required_aal: aal2
    max_age: 10m
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "rules/bank.yaml", RULES);
    folder
}

fn explain(folder: &Path, arguments: &[&str]) -> Json {
    json(folder, &[&["explain", "rules"], arguments].concat(), 0)
}

#[test]
fn the_explanation_has_the_promised_shape() {
    let folder = folder();
    let told = explain(
        folder.path(),
        &[
            "--url",
            "https://bank.example.com/transfer/1",
            "--method",
            "POST",
            "--aal",
            "aal1",
            "--methods",
            "password",
            "--second-factors",
            "totp",
        ],
    );
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "decision",
            "rule",
            "considered",
            "requirements",
            "browser",
            "api"
        ]
    );
    assert_eq!(told["decision"], "step_up");
    assert_eq!(told["rule"], "transfer");
    let considered = &told["considered"][0];
    assert_eq!(considered["rule"], "transfer");
    assert_eq!(considered["matched"], true);
    assert!(!considered["why"].as_str().unwrap().is_empty());
    let level = &told["requirements"][0];
    assert_eq!(level["name"], "required_aal");
    assert_eq!(level["met"], false);
    // A redirect never answers a POST.
    assert_eq!(told["browser"]["status"], 401);
    assert_eq!(told["browser"]["location"], Json::Null);
    assert_eq!(told["api"]["status"], 401);
    assert_eq!(told["api"]["id"], "session_aal2_required");
}

#[test]
fn decisions_and_answers_are_those_of_the_gateway() {
    let folder = folder();
    let url = "https://bank.example.com";
    let back = "return_to=https%3A%2F%2Fbank.example.com%2Faccounts%2F1";
    let login = format!("{url}/auth/self-service/login/browser?{back}");
    for (path, more, decision, browser, location, api) in [
        (
            "/accounts/1",
            &[][..],
            "log_in",
            303,
            Some(login.as_str()),
            401,
        ),
        (
            "/accounts/1",
            &["--aal", "none"],
            "log_in",
            303,
            Some(&*login),
            401,
        ),
        ("/a/../b", &[], "bad_request", 400, None, 400),
        ("/transfer/1", &[], "method_not_allowed", 405, None, 405),
    ] {
        let url = format!("{url}{path}");
        let told = explain(folder.path(), &[&["--url", &url], more].concat());
        assert_eq!(told["decision"], decision, "{path}: {told}");
        assert_eq!(told["browser"]["status"], browser, "{path}: {told}");
        assert_eq!(told["browser"]["location"].as_str(), location, "{path}");
        assert_eq!(told["api"]["status"], api, "{path}: {told}");
    }
    let unknown = explain(folder.path(), &["--url", "https://other.example/"]);
    assert_eq!(unknown["decision"], "no_rule");
    assert_eq!(unknown["rule"], Json::Null);
    assert_eq!(
        unknown["api"],
        serde_json::json!({"status": 404, "id": "no_rule"})
    );
    let allowed = [
        "--url",
        "https://bank.example.com/accounts",
        "--aal",
        "aal1",
    ];
    let allowed = explain(folder.path(), &allowed);
    assert_eq!(allowed["decision"], "allow");
    assert_eq!(allowed["browser"]["status"], Json::Null);
}

#[test]
fn an_old_second_factor_is_refreshed_and_the_text_says_where_it_is_written() {
    let folder = folder();
    let arguments = [
        "explain",
        "rules/bank.yaml",
        "--url",
        "https://bank.example.com/transfer",
        "-X",
        "POST",
        "--methods",
        "password@2h,totp@20m",
    ];
    let text = printed(folder.path(), &arguments, 0);
    assert!(
        text.starts_with("refresh by rule transfer (rules/bank.yaml:6:"),
        "{text}"
    );
    assert!(text.contains("- max_age"), "{text}");
    assert!(text.contains("(rules/bank.yaml:9:14)"), "{text}");
    assert!(text.contains("401 session_refresh_required"), "{text}");
}

#[test]
fn the_configuration_says_where_people_are_sent() {
    let folder = folder();
    let identity = "identity: { external: { public_url: http://127.0.0.1:4433, \
                    browser_url: https://id.example.com } }\n";
    write(
        folder.path(),
        "stepgate.yaml",
        &format!("proxy: {{ listen: 127.0.0.1:0 }}\n{identity}"),
    );
    let url = ["explain", "--url", "https://bank.example.com/accounts"];
    let told = json(folder.path(), &url, 0);
    let location = told["browser"]["location"].as_str().unwrap();
    assert!(location.starts_with("https://id.example.com/self-service/login/browser?"));
    // Such a Kratos keeps the session of somebody with a second factor to itself.
    let hidden = [&url[..], &["--aal", "aal1", "--second-factors", "totp"]].concat();
    assert_eq!(json(folder.path(), &hidden, 0)["decision"], "step_up");
}

#[test]
fn what_makes_no_sense_is_told_by_its_flag() {
    let folder = folder();
    let url = ["--url", "https://bank.example.com/"];
    for (arguments, flag) in [
        (&["--url", "/accounts"][..], "--url"),
        (&[&url[..], &["--aal", "aal3"]].concat(), "--aal"),
        (&[&url[..], &["--methods", "magic"]].concat(), "--methods"),
        (
            &[&url[..], &["--second-factors", "magic"]].concat(),
            "--second-factors",
        ),
        (
            &[&url[..], &["--authenticated-at", "noon"]].concat(),
            "--authenticated-at",
        ),
        (&[&url[..], &["--traits", "{"]].concat(), "--traits"),
        (&[&url[..], &["--ip", "here"]].concat(), "--ip"),
        (&[&url[..], &["--header", "X"]].concat(), "--header"),
        (&[&url[..], &["-X", "GE T"]].concat(), "--method"),
    ] {
        let told = complaint(folder.path(), &[&["explain", "rules"], arguments].concat());
        assert!(told.starts_with(&format!("error: {flag}: ")), "{told}");
    }
    write(folder.path(), "rules/broken.yaml", "rules: [{ id: x }]\n");
    let told = complaint(folder.path(), &[&["explain", "rules"], &url[..]].concat());
    assert!(told.contains("rules/broken.yaml:1:"), "{told}");
}
