use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::identity::{Channel, CredentialType, Identity};
use crate::locale::Locale;
use crate::store::Outgoing;

fn courier() -> Courier {
    Courier::new(Config::default(), Clock::manual(Timestamp::UNIX_EPOCH)).unwrap()
}

fn reader(language: Locale) -> Recipient {
    Recipient {
        address: "ada@example.com".to_owned(),
        channel: Channel::Email,
        language,
    }
}

fn full() -> MailData<'static> {
    MailData {
        code: Some("123456"),
        url: Some("https://id.example.com/verify?code=123456&flow=f"),
        expires_in: Some(Duration::from_secs(600)),
        factor: Some(CredentialType::Totp),
        ..MailData::default()
    }
}

fn write(template: Template, language: Locale) -> Outgoing {
    courier().compose(template, &reader(language), &full())
}

#[test]
fn every_mail_has_words_in_every_language() {
    for language in Locale::ALL {
        for template in Template::ALL {
            let mail = write(template, language);
            let key = template.as_str().replace('_', "-");
            let html = mail.content.html.unwrap();
            for text in [&mail.content.subject, &mail.content.plain, &html] {
                assert!(!text.is_empty(), "{template:?}");
                assert!(
                    !text.contains(&key),
                    "{template:?} has a text that is missing"
                );
                assert!(!text.contains("{$"), "{template:?}: {text}");
            }
        }
    }
}

#[test]
fn both_languages_have_the_same_texts() {
    let keys = |source: &'static str| -> BTreeSet<&'static str> {
        let lines = source.lines().filter(|line| !line.starts_with([' ', '#']));
        lines
            .filter_map(|line| Some(line.split_once(" =")?.0))
            .collect()
    };
    let english = keys(include_str!("words/en.ftl"));
    assert_eq!(english, keys(include_str!("words/de.ftl")));
}

#[rstest]
#[case(Template::LoginCodeValid, "Use code 123456 to log in")]
#[case(
    Template::RecoveryCodeValid,
    "Use code 123456 to recover access to your account"
)]
#[case(
    Template::VerificationCodeValid,
    "Use code 123456 to verify your account"
)]
#[case(
    Template::RegistrationCodeValid,
    "Use code 123456 to complete your account registration"
)]
fn a_code_stands_in_the_subject(#[case] template: Template, #[case] subject: &str) {
    assert_eq!(write(template, Locale::English).content.subject, subject);
}

#[test]
fn a_mail_says_how_long_its_code_is_good() {
    let mail = write(Template::LoginCodeValid, Locale::English);
    assert!(mail.content.plain.contains("valid for 10 minutes"));
    let data = MailData {
        expires_in: Some(Duration::from_secs(1)),
        ..full()
    };
    let mail = courier().compose(Template::LoginCodeValid, &reader(Locale::German), &data);
    assert!(mail.content.plain.contains("Gültig für eine Minute"));
}

#[test]
fn values_are_escaped_in_html_and_as_they_are_in_text() {
    let data = MailData {
        url: Some("https://id.example.com/?a=<b>&c=\"d\""),
        ..full()
    };
    let mail = courier().compose(
        Template::VerificationCodeValid,
        &reader(Locale::English),
        &data,
    );
    let html = mail.content.html.unwrap();
    assert!(html.contains("a=&lt;b&gt;&amp;c=&quot;d&quot;"), "{html}");
    assert!(mail.content.plain.contains("a=<b>&c=\"d\""));
}

#[test]
fn a_line_break_in_a_value_does_not_reach_the_subject() {
    let data = MailData {
        code: Some("1\r\nBcc: eve@example.com"),
        ..full()
    };
    let mail = courier().compose(Template::LoginCodeValid, &reader(Locale::English), &data);
    assert!(!mail.content.subject.contains(['\r', '\n']));
}

#[test]
fn a_text_message_is_short_and_has_the_code() {
    let to = Recipient {
        address: "+491701234567".to_owned(),
        channel: Channel::Sms,
        language: Locale::English,
    };
    let mail = courier().compose(Template::LoginCodeValid, &to, &full());
    assert!(
        mail.content
            .plain
            .starts_with("123456 is your code to log in.")
    );
    assert_eq!(mail.content.html, None);
}

#[test]
fn webhooks_get_the_values_by_the_names_that_kratos_has_for_them() {
    let identity = Identity::new("person", json!({ "email": "a@b.c" }), Timestamp::UNIX_EPOCH);
    let data = MailData {
        identity: Some(&identity),
        request_url: Some("https://id.example.com/self-service/login/browser"),
        ..full()
    };
    let mail = courier().compose(Template::LoginCodeValid, &reader(Locale::English), &data);
    let values = mail.content.data;
    assert_eq!(values["to"], "ada@example.com");
    assert_eq!(values["login_code"], "123456");
    assert_eq!(values["expires_in_minutes"], 10);
    assert_eq!(values["identity"]["traits"]["email"], "a@b.c");
    assert_eq!(values["identity"]["metadata_admin"], json!(null));
}

#[rstest]
#[case(Some("de"), json!({}), Locale::German)]
#[case(Some("en"), json!({ "locale": "de" }), Locale::English)]
#[case(Some("fr"), json!({ "locale": "de-AT" }), Locale::German)]
#[case(None, json!({ "language": "de_CH" }), Locale::German)]
#[case(None, json!({ "language": 5 }), Locale::English)]
#[case(None, json!({}), Locale::English)]
fn the_language_is_that_of_the_request_or_else_of_the_person(
    #[case] header: Option<&str>,
    #[case] traits: serde_json::Value,
    #[case] expected: Locale,
) {
    let identity = Identity::new("person", traits, Timestamp::UNIX_EPOCH);
    assert_eq!(language_of(header, Some(&identity)), expected);
}

#[test]
fn debug_shows_no_code_and_no_address() {
    let shown = format!("{:?}", write(Template::LoginCodeValid, Locale::English));
    assert!(
        !shown.contains("123456") && !shown.contains("ada@"),
        "{shown}"
    );
}
