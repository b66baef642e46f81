use super::*;

#[test]
fn conditions_read_session_request_and_time() {
    for text in [
        r#"session.identity.traits.role == "teller""#,
        r#"session["identity"]["traits"]["role"] == 'teller'"#,
        r#"session.identity.traits.role == "teller" && request.method in ["GET", "POST"]"#,
        r#""totp" in session.methods"#,
        "session.methods == ['password', 'totp']",
        "size(session.authentication_methods) == 3",
        r#"session.authentication_methods.exists(m, m.aal == "aal2")"#,
        r#"session.identity.traits.groups.all(g, g.startsWith("d") || g.endsWith("t"))"#,
        "session.identity.traits.level >= 3 && session.identity.traits.ratio < 1",
        "has(session.identity.traits.role) && !has(session.identity.traits.rank)",
        "session.identity.traits.nothing == null && session.devices == null",
        "session.identity.traits.branch.id == 17",
        r#"request.path.startsWith("/desk/") && request.host == "bank.example.com""#,
        r#"request.path.matches(r"^/desk/\d+$")"#,
        r#"request.query.lang == "de" && !("page" in request.query)"#,
        r#"request.headers["x-client"] == "app" && request.ip == "192.0.2.7""#,
        r#"request.scheme == "https" ? request.method == "GET" : false"#,
        r#"now - timestamp(session.authenticated_at) < duration("10m")"#,
        r#"now.getHours() == 10 && now.getHours("+02:00") == 12 && now.getDayOfWeek() == 6"#,
        "session != null && now > timestamp('2026-01-01T00:00:00Z')",
        "type(session.identity.traits.level) == int",
        "session.identity.traits.groups.filter(g, g == 'desk').size() == 1",
        "session.identity.traits.groups.map(g, g.upperAscii()).join('+') == 'DESK+VAULT'",
        "session.identity.traits.groups.exists_one(g, g == 'vault')",
        "session.identity.traits.exists(name, name == 'role')",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn what_is_missing_or_of_the_wrong_type_is_no_answer() {
    for (text, kind) in [
        (
            r#"session.identity.traits.rank == "x""#,
            FailureKind::Missing,
        ),
        (
            r#"session.identity.traits.rank != "x""#,
            FailureKind::Missing,
        ),
        (r#"request.query.page == "1""#, FailureKind::Missing),
        (r#"request.headers["x-none"] != "1""#, FailureKind::Missing),
        (
            "session.identity.traits.groups[7] == ''",
            FailureKind::Missing,
        ),
        (
            r#"session.identity.traits.wrong == "teller""#,
            FailureKind::WrongType,
        ),
        (
            r#"session.identity.traits.wrong != "teller""#,
            FailureKind::WrongType,
        ),
        (
            r#"session.identity.traits.level == "3""#,
            FailureKind::WrongType,
        ),
        ("session.identity.traits.role > 3", FailureKind::WrongType),
        ("session.identity.traits.role", FailureKind::WrongType),
        (
            "session.identity.traits.role.deeper == ''",
            FailureKind::WrongType,
        ),
        (
            "session.identity.traits.nothing.deeper == ''",
            FailureKind::Missing,
        ),
        (
            "10 / (session.identity.traits.level - 3) > 0",
            FailureKind::WrongValue,
        ),
        (
            "int(session.identity.traits.role) > 0",
            FailureKind::WrongValue,
        ),
        (
            "timestamp(session.identity.traits.role) < now",
            FailureKind::WrongValue,
        ),
    ] {
        assert_eq!(holds(text), Err(kind), "{text}");
    }
}

#[test]
fn one_side_that_decides_makes_up_for_a_failure_of_the_other() {
    assert_eq!(
        holds("session.identity.traits.rank == 'x' || session.active"),
        Ok(true)
    );
    assert_eq!(
        holds("session.identity.traits.rank == 'x' && !session.active"),
        Ok(false)
    );
    assert!(holds("session.identity.traits.rank == 'x' && session.active").is_err());
    assert!(holds("!(session.identity.traits.rank == 'x')").is_err());
    assert_eq!(
        holds("session.authentication_methods.exists(m, m.provider == 'x' || m.aal == 'aal2')"),
        Ok(true)
    );
}

#[test]
fn without_a_session_nothing_of_it_is_there() {
    let asked = Asked::plain();
    let facts = Facts {
        session: None,
        request: Some(&asked),
        now: now(),
    };
    let of = |text| {
        program(text, Kind::Condition)
            .holds(&facts)
            .map_err(|failure| failure.kind)
    };
    assert_eq!(of("session == null"), Ok(true));
    assert_eq!(of("session != null && session.active"), Ok(false));
    assert_eq!(of("session.active"), Err(FailureKind::Missing));
    assert_eq!(of("has(session.id)"), Ok(false));
}

#[test]
fn texts_and_values_are_taken_out() {
    let of = |text| {
        let program = program(text, Kind::Text);
        asked_of(&Asked::plain(), |facts| program.text(facts))
    };
    let text = |text| of(text).unwrap();
    assert_eq!(
        text("session.identity.traits.role").as_deref(),
        Some("teller")
    );
    assert_eq!(text("session.methods").as_deref(), Some("password,totp"));
    assert_eq!(
        text("session.identity.traits.level + 1").as_deref(),
        Some("4")
    );
    assert_eq!(text("session.identity.traits.nothing"), None);
    assert_eq!(
        text("session.active ? 'yes' : null").as_deref(),
        Some("yes")
    );
    assert_eq!(text("now").as_deref(), Some("2026-11-21T10:05:00Z"));
    assert!(of("session.identity.traits.branch").is_err());
    assert_eq!(
        value(r#"{"r": session.identity.traits.role, "m": session.methods, "n": [1, 2.5, null]}"#),
        Ok(json!({"r": "teller", "m": ["password", "totp"], "n": [1, 2.5, null]}))
    );
    assert_eq!(
        value("session.identity.metadata_public"),
        Ok(json!({"plan": "gold"}))
    );
    assert_eq!(value("duration('90m')"), Ok(json!("5400s")));
}

#[test]
fn claims_of_a_token_are_a_document_of_their_own() {
    let claims = Session::of_document(&json!({"scope": "a b", "amr": ["otp"], "acr": "2"}));
    let facts = Facts {
        session: Some(&claims),
        request: None,
        now: now(),
    };
    let text = r#"claims.acr == "2" && "otp" in claims.amr ? "aal2" : "aal1""#;
    let program = Program::compile_in(text, Kind::Text, Scope::Claims).unwrap();
    assert_eq!(program.text(&facts).unwrap().as_deref(), Some("aal2"));
    assert!(Program::compile_in("session.id", Kind::Text, Scope::Claims).is_err());
    assert!(Program::compile_in("request.path", Kind::Text, Scope::Session).is_err());
}

#[test]
fn only_what_is_read_is_kept_and_it_answers_alike() {
    for text in [
        r#"session.identity.traits.role == "teller""#,
        r#""totp" in session.methods"#,
        r#"session.authentication_methods.exists(m, m.aal == "aal2")"#,
        "has(session.identity.traits.branch) && session.identity.traits.branch.id == 17",
        "session != null",
        r#"session["identity"].traits["role"] == "teller""#,
        "session.identity.traits.exists(t, t == 'role')",
    ] {
        let program = program(text, Kind::Condition);
        assert!(program.reads_session());
        let kept = Session::of_whoami(&document(), &Arc::new(program.reads().clone()));
        let facts = Facts {
            session: Some(&kept),
            request: None,
            now: now(),
        };
        assert_eq!(program.holds(&facts), Ok(true), "{text}");
    }
    let role = program("session.identity.traits.role", Kind::Text);
    let kept = Session::of_whoami(&document(), &Arc::new(role.reads().clone()));
    let expected = json!({"identity": {"traits": {"role": "teller"}}});
    assert_eq!(kept.root, Session::of_document(&expected).root);
    assert!(!program("request.path == '/'", Kind::Condition).reads_session());
    assert!(!program("session.id", Kind::Text).reads_request());
}

#[test]
fn a_session_that_was_kept_for_others_is_no_answer() {
    let others = program("session.identity.traits.groups", Kind::Value);
    let kept = Session::of_whoami(&document(), &Arc::new(others.reads().clone()));
    let facts = Facts {
        session: Some(&kept),
        request: None,
        now: now(),
    };
    for text in [
        "!has(session.identity.traits.role)",
        "session == null",
        "session.active",
    ] {
        let failed = program(text, Kind::Condition).holds(&facts).unwrap_err();
        assert_eq!(failed.kind, FailureKind::Unprepared, "{text}");
    }
}

#[test]
fn a_failure_is_told_once_a_minute_for_each_kind() {
    let told = Told::default();
    let at = |seconds| now() + jiff::SignedDuration::from_secs(seconds);
    assert!(told.is_news(FailureKind::Missing, at(0)));
    assert!(!told.is_news(FailureKind::Missing, at(59)));
    assert!(told.is_news(FailureKind::WrongType, at(59)));
    assert!(told.is_news(FailureKind::Missing, at(60)));
}

#[test]
fn parts_cover_what_lies_in_them() {
    let reads = |text| program(text, Kind::Value).reads().clone();
    let identity = reads("session.identity");
    let role = reads("session.identity.traits.role");
    assert!(identity.cover(&role) && !role.cover(&identity));
    assert!(Reads::everything().cover(&identity) && !identity.cover(&Reads::everything()));
    assert!(role.cover(&Reads::nothing()) && !Reads::nothing().cover(&role));
    let both = role.clone().with(&reads("session.id"));
    assert!(both.cover(&role) && both.cover(&reads("session.id")) && !both.cover(&identity));
    assert_eq!(role.with(&identity), identity);
}

#[test]
fn a_program_is_asked_without_saying_whose_session_it_was() {
    let shown = format!("{:?}", session());
    assert!(!shown.contains("teller"), "{shown}");
    let failed: Failure = asked_of(&Asked::plain(), |facts| {
        program("session.identity.traits.role > 3", Kind::Condition).holds(facts)
    })
    .unwrap_err();
    assert!(!failed.to_string().contains("teller"), "{failed}");
    assert_eq!(
        failed.to_string(),
        "a value of the wrong type (line 1, column 30 of the expression)"
    );
}
