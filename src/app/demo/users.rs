//! The people of the demo: made once, kept beside the database, put into the identity service.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::guide::GuideUser;
use crate::identity::credential::lookup;
use crate::identity::credential::totp::TotpSecret;

/// Shown by authenticator apps.
const ISSUER: &str = "Alder Bank";

/// Where they are kept.
const FILE: &str = "demo-users.json";

/// A person as kept in the file.
#[derive(Serialize, Deserialize)]
struct KeptUser {
    identifier: String,
    name: String,
    password: String,
    totp_secret: Option<String>,
    #[serde(default)]
    lookup_secrets: Vec<String>,
}

/// The people of this demo, with what they prove themselves with.
pub(super) struct Users(Vec<KeptUser>);

impl Users {
    /// Reads the people of an earlier start in `folder`, or makes new ones and keeps them.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let file = folder.join(FILE);
        match fs::read(&file) {
            Ok(text) => Ok(Self(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let users = Self::random();
                write_private(&file, &serde_json::to_vec_pretty(&users.0)?)?;
                Ok(users)
            }
            Err(error) => Err(error),
        }
    }

    fn random() -> Self {
        let codes = || {
            let codes = lookup::random_codes().into_iter();
            codes.map(|one| one.code).collect()
        };
        let person = |name: &str, has_app: bool, lookup_secrets| KeptUser {
            identifier: format!("{}@alder.example", name.to_lowercase()),
            name: name.to_owned(),
            password: password(),
            totp_secret: has_app.then(|| TotpSecret::random().base32()),
            lookup_secrets,
        };
        Self(vec![
            person("Nora", false, Vec::new()),
            person("Tom", true, Vec::new()),
            person("Lena", true, codes()),
        ])
    }

    /// What the guide shows of them.
    pub(super) fn guide(&self) -> Vec<GuideUser> {
        let guide_user = |user: &KeptUser| GuideUser {
            identifier: user.identifier.clone(),
            password: user.password.clone(),
            totp_secret: user
                .totp_secret
                .as_deref()
                .and_then(TotpSecret::from_base32),
            lookup_secrets: user.lookup_secrets.clone(),
        };
        self.0.iter().map(guide_user).collect()
    }

    /// The bodies of `POST /admin/identities` that make them.
    pub(super) fn import_bodies(&self) -> Vec<Value> {
        self.0.iter().map(import_body).collect()
    }
}

fn import_body(user: &KeptUser) -> Value {
    let mut credentials = json!({ "password": { "config": { "password": user.password } } });
    let secret = user
        .totp_secret
        .as_deref()
        .and_then(TotpSecret::from_base32);
    if let (Some(secret), Value::Object(all)) = (secret, &mut credentials) {
        let url = secret.url(ISSUER, &user.identifier);
        all.insert("totp".to_owned(), json!({ "config": { "totp_url": url } }));
    }
    if let (false, Value::Object(all)) = (user.lookup_secrets.is_empty(), &mut credentials) {
        let code = |code: &String| json!({ "code": code });
        let codes: Vec<Value> = user.lookup_secrets.iter().map(code).collect();
        let config = json!({ "config": { "codes": codes } });
        all.insert("lookup_secret".to_owned(), config);
    }
    json!({
        "schema_id": "person",
        "traits": { "email": user.identifier, "name": user.name },
        "credentials": credentials,
    })
}

/// Six syllables that can be read out and typed, from 38 random bits.
fn password() -> String {
    const CONSONANTS: &[u8; 16] = b"bdfgklmnprstvwzh";
    const VOWELS: &[u8; 5] = b"aeiou";
    let mut text = String::new();
    for syllable in 0..6 {
        if syllable > 0 && syllable % 2 == 0 {
            text.push('-');
        }
        for letters in [CONSONANTS.as_slice(), VOWELS.as_slice()] {
            let choice = rand::random_range(0..letters.len());
            text.extend(letters.get(choice).map(|&byte| char::from(byte)));
        }
    }
    text
}

#[cfg(unix)]
fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?
        .write_all(content)
}

#[cfg(not(unix))]
fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    fs::write(file, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_people_of_a_folder_stay_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Users::open(folder.path()).expect("people").import_bodies();
        let second = Users::open(folder.path()).expect("people").import_bodies();
        assert_eq!(first, second);
    }

    #[test]
    fn one_has_no_second_factor_two_have_an_app_and_one_of_them_codes() {
        let people = Users::random().guide();
        let with_app: Vec<_> = people
            .iter()
            .map(|user| user.totp_secret.is_some())
            .collect();
        assert_eq!(with_app, [false, true, true]);
        assert!(people.iter().all(|user| user.password.len() == 14));
        let codes: Vec<_> = people
            .iter()
            .map(|user| user.lookup_secrets.len())
            .collect();
        assert_eq!(codes, [0, 0, 12]);
    }
}
