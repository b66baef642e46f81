use http::HeaderMap;

use super::*;

fn found(lines: &[(&'static str, &str)]) -> Result<Option<(CredentialKind, String)>, ()> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    Credential::from_headers(&headers, "session", &Issuers::default())
        .map(|found| found.map(|one| (one.kind(), one.expose().to_owned())))
        .map_err(|AmbiguousCredentials| ())
}

fn cookie(value: &str) -> Result<Option<(CredentialKind, String)>, ()> {
    Ok(Some((CredentialKind::Cookie, value.to_owned())))
}

#[test]
fn the_session_cookie_is_found_among_others() {
    assert_eq!(
        found(&[("cookie", "a=b; session=VALID ; c=d")]),
        cookie("VALID")
    );
    assert_eq!(
        found(&[("cookie", "a=b"), ("cookie", "session=VALID")]),
        cookie("VALID")
    );
    assert_eq!(
        found(&[("cookie", "session=\"VALID\"")]),
        cookie("\"VALID\"")
    );
    assert_eq!(
        found(&[("cookie", "session=V"), ("cookie", "session=V")]),
        cookie("V")
    );
}

#[test]
fn what_only_looks_like_the_session_cookie_is_none() {
    for line in [
        "=session=VALID",
        "session =VALID",
        "xsession=VALID; session_=VALID",
        "session%3dVALID",
        "sessio%6e=VALID",
        "session",
        "session=",
        "SESSION=VALID",
    ] {
        assert_eq!(found(&[("cookie", line)]), Ok(None), "{line}");
    }
    let huge = format!("session={}", "A".repeat(5000));
    assert_eq!(found(&[("cookie", &huge)]), Ok(None));
}

#[test]
fn two_different_credentials_are_refused() {
    let token = "Bearer ory_st_aaaa";
    for lines in [
        vec![("cookie", "session=A; session=B")],
        vec![("cookie", "session=A"), ("cookie", "session=B")],
        vec![("cookie", "$Version=1; session=\"A; x=\"; session=B")],
        vec![("cookie", "session=A"), ("x-session-token", "A")],
        vec![("cookie", "session=A"), ("authorization", token)],
        vec![("x-session-token", "A"), ("x-session-token", "B")],
        vec![("x-session-token", "A"), ("authorization", token)],
        vec![("authorization", token), ("authorization", "Basic eDp5")],
        vec![("authorization", "Bearer ory_st_a, Bearer ory_st_b")],
    ] {
        assert_eq!(found(&lines), Err(()), "{lines:?}");
    }
}

#[test]
fn a_session_token_is_found_in_either_place() {
    let token = Ok(Some((CredentialKind::SessionToken, "ory_st_a".to_owned())));
    let bearer = Ok(Some((CredentialKind::Bearer, "ory_st_a".to_owned())));
    assert_eq!(found(&[("x-session-token", " ory_st_a ")]), token);
    assert_eq!(found(&[("authorization", "bearer ory_st_a")]), bearer);
    assert_eq!(found(&[("authorization", "BEARER  ory_st_a")]), bearer);
    let both = [
        ("x-session-token", "ory_st_a"),
        ("authorization", "Bearer ory_st_a"),
    ];
    assert_eq!(found(&both), token);
}

#[test]
fn authorization_of_the_application_is_left_alone() {
    for value in [
        "Bearer",
        "Bearer ",
        "Bearer app-token",
        "Bearer\tory_st_a",
        "Basic YWxpY2U6eA==",
        "Bearerory_st_a",
    ] {
        assert_eq!(found(&[("authorization", value)]), Ok(None), "{value}");
    }
    let with_cookie = [
        ("cookie", "session=A"),
        ("authorization", "Bearer app-token"),
    ];
    assert_eq!(found(&with_cookie), cookie("A"));
}

#[test]
fn a_token_of_an_issuer_is_a_credential_like_the_others() {
    // {"iss":"https://id.test"}
    let token = "e30.eyJpc3MiOiJodHRwczovL2lkLnRlc3QifQ.c2ln";
    let issuers = Issuers::new(["https://id.test".into()]);
    let find = |lines: &[(&'static str, &str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let found = Credential::from_headers(&headers, "session", &issuers)?;
        Ok::<_, AmbiguousCredentials>(found.map(|found| found.kind()))
    };
    let bearer = &*format!("Bearer {token}");
    let authorization = ("authorization", bearer);
    assert_eq!(find(&[authorization]), Ok(Some(CredentialKind::Jwt)));
    assert_eq!(find(&[("authorization", token)]), Ok(None));
    assert_eq!(
        find(&[("x-session-token", "A"), authorization]),
        Err(AmbiguousCredentials)
    );
    assert_eq!(
        find(&[("cookie", "session=A"), authorization]),
        Err(AmbiguousCredentials)
    );
    assert_eq!(found(&[authorization]), Ok(None));
}

#[test]
fn a_credential_is_not_shown() {
    let credential = Credential::new(CredentialKind::Cookie, "very-secret");
    assert!(!format!("{credential:?}").contains("very-secret"));
}
