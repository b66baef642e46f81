use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tower::ServiceExt;

use super::*;
use crate::app::demo::guide::{GuideUser, Urls};
use crate::identity::credential::totp::TotpSecret;

fn bank() -> Router {
    let url = |path: &str| format!("http://localhost:4455{path}");
    let guide = Guide {
        urls: Urls {
            bank: url("/"),
            login: url("/auth/self-service/login/browser"),
            settings: url("/auth/self-service/settings/browser"),
            admin: "http://127.0.0.1:4434/".to_owned(),
            mailbox: url("/auth/mailbox"),
        },
        users: vec![
            GuideUser {
                identifier: "nora@alder.example".to_owned(),
                password: "mira-solo-kente".to_owned(),
                totp_secret: None,
                lookup_secrets: Vec::new(),
            },
            GuideUser {
                identifier: "tom@alder.example".to_owned(),
                password: "luno-paki-vesta".to_owned(),
                totp_secret: TotpSecret::from_base32("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
                lookup_secrets: vec!["ab12cd34".to_owned()],
            },
        ],
    };
    router(Clock::manual(Timestamp::UNIX_EPOCH), Some(guide))
}

async fn ask(bank: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let answer = bank.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    (parts.status, parts.headers, body)
}

fn from_ann(path: &str) -> http::request::Builder {
    Request::builder()
        .uri(path)
        .header("X-User-Id", "0198")
        .header("X-User-Email", "ann@alder.example")
        .header("X-Session-Aal", "aal2")
        .header("X-Session-Methods", "password,totp")
}

fn token_in(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"token\" value=\"").expect("a token");
    rest.split('"').next().expect("its end").to_owned()
}

async fn send(bank: &Router, form: String) -> (StatusCode, HeaderMap, String) {
    let request = from_ann("/transfer")
        .method("POST")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .expect("a request");
    ask(bank, request).await
}

async fn get(bank: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = from_ann(path).body(Body::empty()).expect("a request");
    ask(bank, request).await
}

#[tokio::test]
async fn a_transfer_ends_with_a_receipt_and_less_money() {
    let bank = bank();
    let (_, _, page) = get(&bank, "/transfer").await;
    let form = format!(
        "token={}&payee=Ada&iban=DE89370400440532013000&amount=18.37&reference=",
        token_in(&page)
    );
    let (status, headers, _) = send(&bank, form).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let receipt = headers[header::LOCATION].to_str().expect("a path");
    let (status, _, page) = get(&bank, receipt).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("The money is on its way") && page.contains("€18.37"));
    let (_, _, page) = get(&bank, "/accounts").await;
    assert!(page.contains("€4,200.00") && page.contains("To Ada"));
}

#[tokio::test]
async fn a_form_with_mistakes_comes_back_with_what_was_entered() {
    let bank = bank();
    let (_, _, page) = get(&bank, "/transfer").await;
    let form = format!("token={}&payee=Ada&iban=DE00&amount=lots", token_in(&page));
    let (status, _, page) = send(&bank, form).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("<title>Error: Transfer money"));
    assert!(page.contains("value=\"DE00\"") && page.contains("does not add up"));
    assert!(page.contains("aria-describedby=\"amount-error\""));
}

#[tokio::test]
async fn a_form_without_the_banks_token_moves_nothing() {
    let bank = bank();
    let form = "payee=Ada&iban=DE89370400440532013000&amount=1".to_owned();
    let (status, _, page) = send(&bank, form).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("sent already, or is too old"));
}

#[tokio::test]
async fn the_bank_knows_nobody_whom_the_gateway_does_not_name() {
    let bank = bank();
    for path in ["/accounts", "/transfer", "/transfer/1"] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (status, _, _) = ask(&bank, request).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn every_page_shows_the_headers_that_it_got() {
    let bank = bank();
    for path in ["/", "/accounts", "/transfer"] {
        let (_, headers, page) = get(&bank, path).await;
        assert!(
            page.contains("<dt>X-Session-Methods</dt><dd>password,totp</dd>"),
            "{path}"
        );
        assert!(
            headers.contains_key(header::CONTENT_SECURITY_POLICY),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_guide_shows_the_code_that_the_app_would_show() {
    let (_, _, page) = get(&bank(), "/guide").await;
    let secret = TotpSecret::from_base32("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").expect("a secret");
    assert!(page.contains(&secret.code(0)));
    assert!(page.contains("nora@alder.example") && page.contains("ab12cd34"));
}

/// Writes the bank's pages to `target/pages`, for looking at them.
#[tokio::test]
async fn the_bank_can_be_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    std::fs::create_dir_all(&folder).expect("a folder");
    let bank = bank();
    let write = |name: &str, page: String| {
        std::fs::write(folder.join(format!("bank-{name}.html")), page).expect("a file");
    };
    for path in ["/", "/accounts", "/transfer", "/guide", "/nowhere"] {
        let name = if path == "/" {
            "home"
        } else {
            path.trim_start_matches('/')
        };
        write(name, get(&bank, path).await.2);
    }
    let (_, _, page) = get(&bank, "/transfer").await;
    let form = |iban: &str| {
        let token = token_in(&page);
        format!("token={token}&payee=Ada+Lovelace&iban={iban}&amount=25&reference=Dinner")
    };
    write("wrong", send(&bank, form("DE00")).await.2);
    let (_, headers, _) = send(&bank, form("DE89370400440532013000")).await;
    let receipt = headers[header::LOCATION].to_str().expect("a path");
    write("receipt", get(&bank, receipt).await.2);
}

#[tokio::test]
async fn a_bank_by_itself_has_a_tour_without_people() {
    let bank = router(Clock::manual(Timestamp::UNIX_EPOCH), None);
    let (status, _, page) = get(&bank, "/guide").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Open the accounts."));
    assert!(!page.contains("Ready to log in"), "{page}");
}
