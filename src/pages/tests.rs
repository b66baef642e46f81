use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn pages() -> Pages {
    Pages::new(Config::default()).expect("texts that read")
}

/// Keys of a Fluent file, each with the variables that it wants.
fn keys(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
    source
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(key, _)| !key.starts_with('#'))
        .map(|(key, text)| {
            let variables = text
                .split('$')
                .skip(1)
                .map(|rest| {
                    rest.chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect()
                })
                .collect();
            (key.trim().to_owned(), variables)
        })
        .collect()
}

#[test]
fn german_says_everything_that_english_says_with_the_same_values() {
    let english = keys(include_str!("locales/en.ftl"));
    let german = keys(include_str!("locales/de.ftl"));
    let only_one: Vec<_> = english.symmetric_difference(&german).collect();
    assert!(only_one.is_empty(), "{only_one:?}");
}

/// The texts between tags.
fn visible_words(html: &str) -> impl Iterator<Item = &str> {
    html.split('>')
        .filter_map(|piece| piece.split('<').next())
        .map(str::trim)
}

fn looks_like_a_key(words: &str) -> bool {
    words.contains('-')
        && words
            .chars()
            .all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '_'))
}

#[test]
fn no_page_shows_a_key_in_place_of_words() {
    for (name, page) in samples::all() {
        for locale in Locale::ALL {
            let html = pages().render(&page, locale);
            assert!(!html.body().is_empty(), "{name} is empty");
            let bare: Vec<_> = visible_words(html.body())
                .filter(|w| looks_like_a_key(w))
                .collect();
            assert!(bare.is_empty(), "{name}: {bare:?}");
        }
    }
}

#[test]
fn every_page_has_a_title_a_heading_and_a_language() {
    for (name, page) in samples::all() {
        for locale in Locale::ALL {
            let html = pages().render(&page, locale);
            let body = html.body();
            assert!(
                body.contains(&format!("<html lang=\"{}\">", locale.tag())),
                "{name}"
            );
            assert_eq!(body.matches("</h1>").count(), 1, "{name}");
            assert!(body.contains(" · Stepgate</title>"), "{name}");
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for (name, page) in samples::all() {
        let html = pages().render(&page, Locale::English);
        for field in html.body().split("<input id=\"").skip(1) {
            let id = field.split('"').next().unwrap_or_default();
            let label = format!("<label for=\"{id}\">");
            assert!(html.body().contains(&label), "{name}: {id} has no label");
        }
    }
}

#[test]
fn nothing_on_a_page_needs_inline_code_or_another_host() {
    for (name, page) in samples::all() {
        let html = pages().render(&page, Locale::English);
        for forbidden in [
            "style=",
            " onclick",
            " onload",
            "<style",
            "https://",
            "javascript:",
        ] {
            assert!(!html.body().contains(forbidden), "{name} has {forbidden}");
        }
        assert_eq!(html.body().matches("<script").count(), 1, "{name}");
        assert!(html.body().contains("<script src=\""), "{name}");
    }
}

#[test]
fn what_a_person_wrote_is_text_and_never_markup() {
    let hostile = "<script>alert(1)</script>\"'";
    let mut refusal = Refusal::new(Explanation::Denied, 403, hostile.to_owned());
    refusal.reason = Some(hostile.to_owned());
    refusal.back = Some(format!("/x\"{hostile}"));
    let html = pages().render(&Page::Refusal(refusal), Locale::English);
    assert!(!html.body().contains("<script>alert"));
}

#[test]
fn an_error_names_its_field_in_the_summary_and_beside_it() {
    let (_, page) = samples::all()
        .into_iter()
        .find(|(name, _)| name == "registration-wrong")
        .expect("the sample");
    let body = pages().render(&page, Locale::English).into_body();
    assert!(body.contains("<title>Error: Create an account"));
    assert!(body.contains("href=\"#default-traits-email\""));
    assert!(body.contains("id=\"default-traits-email-error\""));
    assert!(body.contains("aria-describedby=\"default-traits-email-error\""));
    assert!(
        body.contains("value=\"maria@\""),
        "what was wrong stays filled in"
    );
    assert!(
        body.contains("at least 8 characters"),
        "values are filled in"
    );
    assert_eq!(
        body.matches("autofocus").count(),
        1,
        "the summary has the focus"
    );
}

#[test]
fn a_message_that_has_no_translation_shows_as_it_came() {
    let unknown = crate::contract::Message::error(4_999_999, "Quite new.");
    let page = Page::Login(Box::new(LoginPage {
        form: crate::contract::Ui {
            action: "/".to_owned(),
            method: "POST".to_owned(),
            nodes: Vec::new(),
            messages: vec![unknown],
        },
        step: LoginStep::First,
        account: None,
        purpose: None,
        registration_url: None,
        recovery_url: None,
        preferred: None,
        settings_url: None,
    }));
    assert!(
        pages()
            .render(&page, Locale::German)
            .body()
            .contains("Quite new.")
    );
}

/// Writes every page to `target/pages`, for looking at them.
#[test]
fn every_page_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    std::fs::create_dir_all(&folder).expect("a folder");
    let pages = pages();
    for (name, page) in samples::all() {
        for locale in Locale::ALL {
            let html = pages.render(&page, locale).into_body();
            let file = folder.join(format!("{name}.{}.html", locale.tag()));
            std::fs::write(file, html).expect("a file");
        }
    }
}
