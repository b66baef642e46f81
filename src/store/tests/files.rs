//! What is particular to files and addresses.

use super::*;

#[tokio::test]
async fn a_totp_secret_is_not_readable_in_the_database_file() {
    let place = Place::sqlite();
    let store = place.open().await;
    let (mut identity, mut credentials) = stored(&store, "ada@bank.example").await;
    let credential = totp_credential(&identity);
    let url = credential.config["totp_url"].as_str().unwrap().to_owned();
    let secret = url.rsplit('=').next().unwrap().to_owned();
    credentials.set(credential);
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    store.close().await;
    let Dsn::Sqlite(path) = place.dsn.clone() else {
        panic!()
    };
    let bytes = std::fs::read(path).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("ada@bank.example"), "the file is looked at");
    assert!(!holds(&secret));

    let other_keys = Store::open(&place.dsn, Keyring::ephemeral()).await.unwrap();
    let read = other_keys.account(identity.id).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn secrets_are_made_once_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sqlite();
    let secret = |dsn: &Dsn| load_or_make_secrets(dsn).map(|all| all.default[0].expose().clone());
    let first = secret(&place.dsn).unwrap();
    assert_eq!(secret(&place.dsn).unwrap(), first);
    place.open().await.close().await;
    assert_eq!(secret(&place.dsn).unwrap(), first);
    let Dsn::Sqlite(database) = place.dsn.clone() else {
        panic!()
    };
    for name in ["stepgate.db", "stepgate.db.secrets"] {
        let mode = std::fs::metadata(database.with_file_name(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let file = database.with_file_name("stepgate.db.secrets");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(secret(&place.dsn), Err(StoreError::File { .. })));
    std::fs::remove_file(&file).unwrap();
    let lost = secret(&place.dsn);
    assert!(
        matches!(lost, Err(StoreError::File { .. })),
        "a database without its secrets"
    );
    assert_ne!(secret(&Dsn::Memory).unwrap(), secret(&Dsn::Memory).unwrap());
}

#[test]
fn dsns_of_kratos_and_our_own_are_understood() {
    let file = |path: &str| Some(Dsn::Sqlite(path.into()));
    for (text, expected) in [
        ("memory", Some(Dsn::Memory)),
        ("sqlite:data/stepgate.db", file("data/stepgate.db")),
        (
            "sqlite:///var/lib/db.sqlite?_fk=true&_journal=WAL",
            file("/var/lib/db.sqlite"),
        ),
        ("sqlite://file.db", file("file.db")),
        ("sqlite://:memory:?_fk=true", Some(Dsn::Memory)),
        ("sqlite://", None),
    ] {
        assert_eq!(Dsn::parse(text).ok(), expected, "{text}");
    }
}

#[test]
fn the_address_of_a_server_is_understood_and_its_password_never_shown() {
    let read = |text: &str| Dsn::parse(text).map_err(|error| error.to_string());
    let text = "postgres://ada:hunter2@db.example:5433/auth?sslmode=verify-full&max_conns=40";
    let Ok(Dsn::Postgres(server)) = read(text) else {
        panic!("not read");
    };
    assert_eq!(server.connections, 40);
    let shown = format!("{server:?} {}", Dsn::Postgres(server.clone()));
    assert!(
        shown.contains("postgres://ada@db.example:5433/auth"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    let kratos = "postgresql://u:p@h/db?max_conns=20&max_idle_conns=4&max_conn_lifetime=1h";
    assert!(matches!(read(kratos), Ok(Dsn::Postgres(_))));
    for (wrong, why) in [
        ("postgres://ada:hunter2@h/db?max_conns=0", "`max_conns`"),
        (
            "postgres://ada:hunter2@h/db?sslmode=perhaps",
            "cannot be read",
        ),
        ("postgres://ada:hunter2@h:port/db", "cannot be read"),
        (
            "postgres://ada:hunter2@h/db?colour=hunter2",
            "no parameter `colour`",
        ),
        ("mysql://ada:hunter2@h/db", "`mysql` is not a database"),
        ("hunter2", "`this` is not a database"),
    ] {
        let error = read(wrong).unwrap_err();
        assert!(error.contains(why), "{wrong}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_server_asks_for_configured_secrets() {
    let dsn = Dsn::parse("postgres://u@h/db").unwrap();
    let refused = load_or_make_secrets(&dsn).unwrap_err();
    assert!(refused.to_string().contains("needs `secrets`"), "{refused}");
}
