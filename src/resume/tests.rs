use super::*;

fn rows(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    let Shown::Form { fields, .. } = Shown::of(Some(content_type), false, body) else {
        panic!("no form")
    };
    let text = |value| match value {
        ShownValue::Text(text) => text,
        ShownValue::Secret => "*".to_owned(),
        ShownValue::File { name, bytes } => format!("{name}: {bytes}"),
    };
    let rows = fields.into_iter();
    rows.map(|field| (field.name, text(field.value))).collect()
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn fields_of_a_form_are_shown_as_they_were_typed() {
    let body = b"payee=Ada+Lovelace&amount=25%2C00&note=%3Cb%3E%C3%A4&empty=&bare";
    let shown = rows(FORM, body);
    let expected = [
        ("payee", "Ada Lovelace"),
        ("amount", "25,00"),
        ("note", "<b>ä"),
        ("empty", ""),
        ("bare", ""),
    ];
    let shown: Vec<_> = shown.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(shown, expected);
}

#[test]
fn secrets_are_never_shown() {
    for name in [
        "password",
        "new_password",
        "passwordConfirm",
        "PIN",
        "card_pin",
        "cardPin",
        "cvv",
        "otp",
        "csrf_token",
        "__RequestVerificationToken",
        "api-key",
        "client_secret",
        "authenticity_token",
    ] {
        let body = format!("{name}=hush");
        assert_eq!(rows(FORM, body.as_bytes())[0].1, "*", "{name}");
    }
    for name in ["shipping", "spinner", "amount", "option", "pinned"] {
        let body = format!("{name}=said");
        assert_eq!(rows(FORM, body.as_bytes())[0].1, "said", "{name}");
    }
}

#[test]
fn a_long_value_is_cut_and_what_turns_text_around_is_taken_out() {
    let long = "x".repeat(5_000);
    let shown = rows(FORM, format!("a={long}&b=%E2%80%AEevil%00").as_bytes());
    assert_eq!(shown[0].1.chars().count(), 201);
    assert_eq!(shown[1].1, "\u{fffd}evil\u{fffd}");
    let many: Vec<String> = (0..100).map(|number| format!("f{number}=1")).collect();
    let shown = Shown::of(Some(FORM), false, many.join("&").as_bytes());
    assert!(matches!(shown, Shown::Form { fields, more: 60 } if fields.len() == 40));
}

const MULTIPART: &str = "multipart/form-data; boundary=----x";

#[test]
fn files_of_a_form_are_shown_by_name_and_size() {
    let body = b"------x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nAda\r\n\
        ------x\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a%22b.png\"\r\n\
        Content-Type: image/png\r\n\r\n\x00\x01\r\n--\r\n\r\n------x--\r\n";
    let shown = rows(MULTIPART, body);
    assert_eq!(shown[0], ("who".to_owned(), "Ada".to_owned()));
    assert_eq!(shown[1], ("scan".to_owned(), "a\"b.png: 8".to_owned()));
}

#[test]
fn what_is_no_form_is_shown_by_its_size() {
    let opaque = |content_type, is_encoded, body: &[u8]| {
        matches!(
            Shown::of(content_type, is_encoded, body),
            Shown::Opaque { bytes, .. } if bytes == body.len()
        )
    };
    assert!(opaque(Some("application/json"), false, b"{}"));
    assert!(opaque(None, false, b"a=b"));
    assert!(opaque(Some(FORM), true, b"\x1f\x8b"));
    for broken in [
        &b"------x"[..],
        b"------x\r\n",
        b"------x\r\nContent-Disposition: form-data\r\n\r\n",
        b"no delimiter",
        b"",
    ] {
        assert!(opaque(Some(MULTIPART), false, broken), "{broken:?}");
    }
    assert!(opaque(Some("multipart/form-data"), false, b"--\r\n"));
}

#[test]
fn only_our_own_form_is_a_continuation() {
    let id = ResumeId::random();
    let proof = ResumeId::random();
    let form = format!(
        "stepgate_resume={}&stepgate_proof={}",
        id.as_str(),
        proof.as_str()
    );
    assert_eq!(form.len(), CONTINUATION_BYTES);
    let read = Continuation::parse(form.as_bytes()).unwrap();
    assert_eq!(read.id.as_str(), id.as_str());
    assert_eq!(read.proof, proof.as_str());
    for end in 0..form.len() {
        assert!(Continuation::parse(&form.as_bytes()[..end]).is_none());
    }
    assert!(Continuation::parse(&[0xff; CONTINUATION_BYTES]).is_none());
}

mod keeping {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, Method};
    use tokio::runtime::Handle;

    use super::*;
    use crate::clock::Clock;

    fn clock() -> Clock {
        Clock::manual("2026-03-01T12:00:00Z".parse().unwrap())
    }

    fn kept(session: &str) -> Kept {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        headers.insert("cookie", HeaderValue::from_static("a=b"));
        headers.insert("referer", HeaderValue::from_static("https://a.test/form"));
        let request = (&Method::POST, "https://a.test", "/x?y=1");
        let holder = Holder::Session(session.to_owned());
        Kept::new(request, "https://a.test/form", "rule", holder, &headers)
    }

    fn keeper() -> (Keeper, Clock) {
        let clock = clock();
        let runtime = Handle::current();
        let keeper = Keeper::new(Config::default(), None, runtime, clock.clone());
        (keeper, clock)
    }

    async fn keep(keeper: &Keeper, session: &str, body: &[u8]) -> (ResumeId, Result<(), NotKept>) {
        let id = ResumeId::random();
        let body = KeptBody::copy_from_slice(body);
        let client = Client::Session(session);
        let done = keeper.keep(&id, kept(session), body, client).await;
        (id, done)
    }

    #[tokio::test]
    async fn a_request_is_taken_once_and_then_known_as_sent() {
        let (keeper, _) = keeper();
        let (id, done) = keep(&keeper, "s", b"hello \x00").await;
        done.unwrap();
        let Found::Waiting(found, body) = keeper.find(&id).await.unwrap() else {
            panic!("it waits")
        };
        assert_eq!((*found, &*body), (kept("s"), &b"hello \x00"[..]));
        assert!(keeper.take(&id).await.unwrap());
        assert!(!keeper.take(&id).await.unwrap());
        assert!(matches!(keeper.find(&id).await, Ok(Found::Sent(_))));
        let other = ResumeId::random();
        assert!(matches!(keeper.find(&other).await, Ok(Found::Nothing)));
        assert!(!keeper.take(&other).await.unwrap());
    }

    #[tokio::test]
    async fn what_waited_too_long_is_not_sent() {
        let (keeper, clock) = keeper();
        let (id, done) = keep(&keeper, "s", b"hello").await;
        done.unwrap();
        clock.advance(Duration::from_secs(600));
        assert!(matches!(keeper.find(&id).await, Ok(Found::Expired(_))));
        assert!(!keeper.take(&id).await.unwrap());
    }

    #[tokio::test]
    async fn the_oldest_of_a_client_gives_way_and_others_are_left_alone() {
        let (keeper, clock) = keeper();
        let (other, done) = keep(&keeper, "other", b"x").await;
        done.unwrap();
        let mut ids = Vec::new();
        for _ in 0..4 {
            clock.advance(Duration::from_secs(1));
            let (id, done) = keep(&keeper, "s", b"x").await;
            done.unwrap();
            ids.push(id);
        }
        assert!(matches!(keeper.find(&ids[0]).await, Ok(Found::Nothing)));
        for id in ids.iter().skip(1).chain([&other]) {
            assert!(matches!(keeper.find(id).await, Ok(Found::Waiting(..))));
        }
    }

    #[tokio::test]
    async fn no_more_than_64_mib_are_kept_and_room_comes_back() {
        let (keeper, _) = keeper();
        let body = vec![0; 8 * 1024 * 1024];
        let mut ids = Vec::new();
        for number in 0..7 {
            let (id, done) = keep(&keeper, &number.to_string(), &body).await;
            done.unwrap();
            ids.push(id);
        }
        let (_, full) = keep(&keeper, "one more", &body).await;
        assert_eq!(full, Err(NotKept::Full));
        let (_, small) = keep(&keeper, "small", b"x").await;
        small.unwrap();
        assert!(keeper.take(&ids[0]).await.unwrap());
        let (_, fits) = keep(&keeper, "one more", &body).await;
        fits.unwrap();
    }

    #[tokio::test]
    async fn a_proof_is_for_one_request_and_one_session() {
        let (keeper, _) = keeper();
        let (one, two) = (ResumeId::random(), ResumeId::random());
        let proof = keeper.proof(&one, "s").unwrap();
        assert!(keeper.proves(&proof, &one, "s"));
        assert!(!keeper.proves(&proof, &two, "s"));
        assert!(!keeper.proves(&proof, &one, "t"));
        assert!(!keeper.proves("", &one, "s"));
    }

    #[test]
    fn only_what_the_body_is_and_its_page_are_kept_of_the_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("multipart/evil"));
        headers.insert("content-encoding", HeaderValue::from_static("gzip"));
        headers.insert("user-agent", HeaderValue::from_static("mine"));
        kept("s").lay_over(&mut headers, 5);
        assert_eq!(headers["content-type"], "text/plain");
        assert_eq!(headers["content-length"], "5");
        assert_eq!(headers["referer"], "https://a.test/form");
        assert_eq!(headers["user-agent"], "mine");
        assert!(headers.get("content-encoding").is_none());
        assert!(headers.get("cookie").is_none());
    }
}
