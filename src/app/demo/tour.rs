//! What `stepgate demo` prints: a tour for people, or one JSON object for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::folder::Folder;
use super::guide::{Guide, GuideUser};
use crate::identity::credential::totp::PERIOD_SECONDS;

const HEADING: Style = Style::new().bold();
const LINK: Style = AnsiColor::Cyan.on_default();

/// The one object of `--format json`.
pub(super) fn json(guide: &Guide) -> Value {
    let user = |user: &GuideUser| {
        json!({
            "identifier": user.identifier,
            "password": user.password,
            "totp_secret": user.totp_secret.as_ref().map(|secret| secret.base32()),
            "lookup_secrets": user.lookup_secrets,
        })
    };
    json!({
        "urls": {
            "bank": guide.urls.bank,
            "login": guide.urls.login,
            "settings": guide.urls.settings,
            "admin": guide.urls.admin,
            "mailbox": guide.urls.mailbox,
        },
        "users": guide.users.iter().map(user).collect::<Vec<_>>(),
    })
}

/// The tour, with colour; the stream that it is written to drops what its terminal can't show.
pub(super) fn text(guide: &Guide, folder: &Folder, now: Timestamp) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_text(&mut out, guide, folder, now);
    out
}

fn write_text(
    out: &mut String,
    guide: &Guide,
    folder: &Folder,
    now: Timestamp,
) -> std::fmt::Result {
    let bank = guide.urls.bank.trim_end_matches('/');
    writeln!(out, "\n{HEADING}Stepgate guards a small bank.{HEADING:#}\n")?;
    for (what, url) in [
        ("Bank", guide.urls.bank.as_str()),
        ("Guide", &format!("{bank}/guide")),
        ("Settings", &guide.urls.settings),
        ("Mailbox", &guide.urls.mailbox),
        ("Admin", &guide.urls.admin),
    ] {
        writeln!(out, "  {what:<9} {LINK}{url}{LINK:#}")?;
    }
    writeln!(out, "  {:<9} {}", "Rules", folder.rules().display())?;
    writeln!(out, "\n{HEADING}Two minutes{HEADING:#}")?;
    for (number, step) in STEPS.iter().enumerate() {
        let step = step.replace("@", bank);
        writeln!(out, "  {}. {}", number + 1, step.replace('\n', "\n     "))?;
    }
    writeln!(out, "\n{HEADING}Ready to log in{HEADING:#}")?;
    for user in &guide.users {
        writeln!(out, "  {:<20} password {}", user.identifier, user.password)?;
        if let (Some(secret), Some(code)) = (&user.totp_secret, user.current_code(now)) {
            let left = PERIOD_SECONDS - now.as_second().rem_euclid(PERIOD_SECONDS);
            let secret = secret.base32();
            writeln!(out, "  {:<20} TOTP secret {secret}", "")?;
            writeln!(
                out,
                "  {:<20} code {code}, for {left} s; the guide has the next",
                ""
            )?;
        }
        if let [one, two, ..] = user.lookup_secrets.as_slice() {
            let all = user.lookup_secrets.len();
            writeln!(
                out,
                "  {:<20} recovery codes {one} {two} .. ({all} in the guide)",
                ""
            )?;
        }
    }
    writeln!(
        out,
        "\n  Mail goes nowhere: it is told here, and read in the mailbox."
    )?;
    if folder.is_temporary() {
        writeln!(out, "  Ctrl-C ends the demo and takes its data away.\n")
    } else {
        writeln!(
            out,
            "  Ctrl-C ends the demo. Its data stays in {}.\n",
            folder.path().display()
        )
    }
}

/// `@` stands for the bank's address.
const STEPS: [&str; 4] = [
    "Open @/accounts. You are sent to log in: create an account.",
    "Ask for a transfer: @/transfer. It wants a second step. You have none yet, so\n\
     you set up an authenticator app, and are brought back to the transfer.",
    "Log out, log in again, open @/transfer: now you are asked for a code,\n\
     and only there.",
    "Edit the rules while it runs, and see what changes.",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::demo::guide::Urls;
    use crate::identity::credential::totp::TotpSecret;

    fn guide() -> Guide {
        Guide {
            urls: Urls {
                bank: "http://localhost:4455/".to_owned(),
                login: "http://localhost:4455/auth/self-service/login/browser".to_owned(),
                settings: "http://localhost:4455/auth/self-service/settings/browser".to_owned(),
                admin: "http://127.0.0.1:4434/".to_owned(),
                mailbox: "http://localhost:4455/auth/mailbox".to_owned(),
            },
            users: vec![
                GuideUser {
                    identifier: "nora@alder.example".to_owned(),
                    password: "mira-solo-kent".to_owned(),
                    totp_secret: None,
                    lookup_secrets: Vec::new(),
                },
                GuideUser {
                    identifier: "tom@alder.example".to_owned(),
                    password: "luno-paki-vest".to_owned(),
                    totp_secret: TotpSecret::from_base32("JBSWY3DPEHPK3PXP"),
                    lookup_secrets: Vec::new(),
                },
            ],
        }
    }

    #[test]
    fn programs_get_one_object_with_urls_and_users() {
        let told = json(&guide());
        assert_eq!(told["urls"]["bank"], "http://localhost:4455/");
        assert_eq!(told["users"][0]["totp_secret"], Value::Null);
        assert_eq!(told["users"][1]["totp_secret"], "JBSWY3DPEHPK3PXP");
        assert_eq!(told["users"][1]["lookup_secrets"], json!([]));
    }

    #[test]
    fn people_get_urls_passwords_and_the_code_of_the_moment() {
        let folder = Folder::open(None).expect("a folder");
        let told = text(&guide(), &folder, Timestamp::UNIX_EPOCH);
        let secret = TotpSecret::from_base32("JBSWY3DPEHPK3PXP").expect("a secret");
        for part in [
            "http://localhost:4455/guide",
            "http://localhost:4455/transfer",
            "mira-solo-kent",
            &secret.code(0),
            "for 30 s",
        ] {
            assert!(told.contains(part), "{part} is missing in {told}");
        }
    }
}
