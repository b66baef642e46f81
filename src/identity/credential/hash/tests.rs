//! Each form against values that other programs made.

use super::*;
use crate::identity::settings::{Argon2Settings, BcryptSettings};

/// "imported-Secret-5", made by another program.
const BCRYPT: &str = "$2b$04$OlqGDrfdfkiQnM83NKaB7ejgtVTgGMtI/6d9cLD8USfWhs.gtRG0S";

fn quick(algorithm: HasherAlgorithm) -> Hashers {
    Hashers {
        algorithm,
        argon2: Argon2Settings {
            memory_kib: 64,
            iterations: 1,
            ..Argon2Settings::default()
        },
        bcrypt: BcryptSettings { cost: 4 },
    }
}

#[test]
fn a_hash_fits_its_password_only_and_differs_each_time() {
    for algorithm in [HasherAlgorithm::Argon2, HasherAlgorithm::Bcrypt] {
        let hashers = quick(algorithm);
        let hash = make("correct horse", &hashers).unwrap();
        assert!(verify("correct horse", &hash).unwrap(), "{hash}");
        assert!(!verify("correct horsf", &hash).unwrap());
        assert_ne!(make("correct horse", &hashers).unwrap(), hash);
        assert_eq!(check(&hash), Ok(()));
    }
}

#[test]
fn the_default_is_argon2id_with_19_mebibytes() {
    let hash = make("x", &Hashers::default()).unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
}

#[test]
fn hashes_of_other_programs_are_read() {
    for prefix in ["$2b$", "$2a$", "$2y$", "$2z$", "$2$"] {
        let hash = BCRYPT.replace("$2b$", prefix);
        assert!(verify("imported-Secret-5", &hash).unwrap(), "{prefix}");
        assert!(!verify("imported-Secret-6", &hash).unwrap());
    }
    // From the reference implementation's test vectors.
    let argon2i = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                   $wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
    assert!(verify("password", argon2i).unwrap());
}

#[test]
fn hashes_that_cannot_be_used_are_told_apart() {
    let long = "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAA";
    for (hash, error) in [
        ("plain", HashError::Unsupported),
        ("$6$salt$hash", HashError::Unsupported),
        (
            "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
            HashError::Malformed,
        ),
        (
            "$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$AAAAAAAA",
            HashError::Malformed,
        ),
        (
            "$argon2id$v=19$m=64,t=1,p=1$!$AAAAAAAA",
            HashError::Malformed,
        ),
        ("$2b$04$short", HashError::Malformed),
        (long, HashError::TooCostly),
        (&BCRYPT.replace("$04$", "$16$"), HashError::TooCostly),
    ] {
        assert_eq!(check(hash), Err(error), "{hash}");
    }
}

#[test]
fn a_hash_of_another_algorithm_is_outdated() {
    let hashers = quick(HasherAlgorithm::Argon2);
    assert!(is_outdated(BCRYPT, &hashers));
    assert!(!is_outdated(&make("x", &hashers).unwrap(), &hashers));
    assert!(!is_outdated(BCRYPT, &quick(HasherAlgorithm::Bcrypt)));
}

/// "imported-Secret-5" in every quick form, made with OpenSSL and Python; one a line.
const VECTORS: &str = include_str!("vectors.txt");

#[test]
fn every_form_that_kratos_imports_fits_its_password_only() {
    assert!(VECTORS.lines().count() >= 24);
    for hash in VECTORS.lines() {
        assert_eq!(check(hash), Ok(()), "{hash}");
        assert!(verify("imported-Secret-5", hash).unwrap(), "{hash}");
        assert!(!verify("imported-Secret-6", hash).unwrap(), "{hash}");
        assert!(!verify("", hash).unwrap(), "{hash}");
        assert!(is_outdated(hash, &Hashers::default()), "{hash}");
    }
}

#[test]
fn the_form_of_firebase_is_read() {
    // From the documentation of Firebase's own tool.
    let hash = "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC\
                /qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$Bw==$jxspr8Ki0RYycVU8\
                zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    assert_eq!(check(hash), Ok(()));
    assert_eq!(memory_kib(hash), 16 * 1024);
    assert!(verify("user1password", hash).unwrap());
    assert!(!verify("user2password", hash).unwrap());
}

#[test]
fn hashes_that_ask_for_too_much_are_refused() {
    for hash in [
        "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
        "$argon2id$v=19$m=64,t=11,p=1$c29tZXNhbHQ$AAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=17$c29tZXNhbHQ$AAAAAAAA",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
        "$pbkdf2-sha256$i=10000001,l=4$c2FsdA$AAAAAA",
        "$scrypt$ln=262144,r=8,p=1$c2FsdA==$AAAAAA==",
        "$scrypt$ln=16384,r=9,p=1$c2FsdA==$AAAAAA==",
        "$scrypt$ln=16384,r=8,p=11$c2FsdA==$AAAAAA==",
        "$firescrypt$ln=18,r=8,p=1$c2FsdA==$AAAAAA==$Bw==$AAAAAA==",
        "$firescrypt$ln=99,r=8,p=1$c2FsdA==$AAAAAA==$Bw==$AAAAAA==",
        &format!("$sha512-crypt$rounds=999999999$salt${}", "a".repeat(86)),
    ] {
        assert_eq!(check(hash), Err(HashError::TooCostly), "{hash}");
        assert_eq!(verify("x", hash), Err(HashError::TooCostly), "{hash}");
    }
}

#[test]
fn hashes_that_would_fit_everything_or_nothing_are_refused() {
    for hash in [
        "$pbkdf2-sha256$i=1000,l=0$c2FsdA$",
        "$pbkdf2-sha256$i=0,l=4$c2FsdA$AAAAAA",
        "$pbkdf2-sha256$i=1000,l=32$c2FsdA$AAAAAA",
        "$pbkdf2-sha256$i=1,i=2,l=4$c2FsdA$AAAAAA",
        "$scrypt$ln=1000,r=8,p=1$c2FsdA==$AAAAAA==",
        "$scrypt$ln=0,r=8,p=1$c2FsdA==$AAAAAA==",
        "$scrypt$ln=1024,r=0,p=1$c2FsdA==$AAAAAA==",
        "$scrypt$ln=1024,r=8,p=1$c2FsdA==$",
        "$firescrypt$ln=4,r=8,p=1$c2FsdA==$$Bw==$",
        "$md5-crypt$saltsalt$short",
        "$md5-crypt$rounds=1000$saltsalt$bX3Fxbdg6Bbbplne8ylq21",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$AAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=1,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
        "$sha1$nonsense$c2FsdA==$AAAA",
        &format!("$md5${}", "A".repeat(4096)),
    ] {
        assert_eq!(check(hash), Err(HashError::Malformed), "{hash}");
    }
    for hash in [
        "{SSHA}",
        "{SSHA384}AAAA",
        "$sha384$AAAA",
        "$hmac-crc$a$b",
        "",
    ] {
        assert_eq!(check(hash), Err(HashError::Unsupported), "{hash}");
    }
}

#[test]
fn a_digest_whose_base64_is_broken_fits_no_password() {
    for hash in [
        "{SSHA}!",
        "{SSHA}AAAA",
        "$md5$!",
        "$sha256$pf=!$c2FsdA==$AAAA",
        "$hmac-sha256$!$YSBrZXk=",
    ] {
        assert_eq!(check(hash), Ok(()), "{hash}");
        assert_eq!(verify("x", hash), Ok(false), "{hash}");
    }
}

#[test]
fn what_a_pattern_fills_in_is_not_filled_in_again() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(b"{PASSWORD}x{SALT}");
    let encode = |text: &[u8]| STANDARD.encode(text);
    let (pattern, salt) = (encode(b"{SALT}x{PASSWORD}"), encode(b"{PASSWORD}"));
    let hash = format!("$sha256$pf={pattern}${salt}${}", encode(&digest));
    assert!(verify("{SALT}", &hash).unwrap());
}

#[test]
fn a_password_without_end_fits_nothing_and_costs_no_more() {
    let long = "x".repeat(5 * 1024 * 1024);
    let crypt = VECTORS.lines().find(|hash| hash.contains("sha512-crypt"));
    assert!(!verify(&long, crypt.unwrap()).unwrap());
    let hash = make("x", &quick(HasherAlgorithm::Argon2)).unwrap();
    assert!(!verify(&long, &hash).unwrap());
}
