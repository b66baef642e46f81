//! The words, from Fluent files, one per language.

use std::borrow::Cow;

use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use super::Locale;

/// A text file that is compiled in does not read.
#[derive(Debug, thiserror::Error)]
#[error("the {language} texts are broken: {problem}")]
pub struct TextError {
    language: &'static str,
    problem: String,
}

/// All texts in all languages.
pub struct Texts {
    english: FluentBundle<FluentResource>,
    german: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts")
    }
}

impl Texts {
    /// Reads a Fluent file of each language.
    ///
    /// # Errors
    /// One of them is broken.
    pub fn load(english: &str, german: &str) -> Result<Self, TextError> {
        Ok(Self {
            english: bundle("English", langid_of(Locale::English), english)?,
            german: bundle("German", langid_of(Locale::German), german)?,
        })
    }

    /// The texts of one language.
    #[must_use]
    pub fn say(&self, locale: Locale) -> Say<'_> {
        Say {
            bundle: match locale {
                Locale::English => &self.english,
                Locale::German => &self.german,
            },
            locale,
        }
    }
}

fn langid_of(locale: Locale) -> LanguageIdentifier {
    locale.tag().parse().unwrap_or_default()
}

fn bundle(
    language: &'static str,
    id: LanguageIdentifier,
    source: &str,
) -> Result<FluentBundle<FluentResource>, TextError> {
    let broken = |problem: String| TextError { language, problem };
    let resource = FluentResource::try_new(source.to_owned())
        .map_err(|(_, errors)| broken(format!("{errors:?}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Both languages run left to right, and isolation marks would end up in attributes.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .map_err(|errors| broken(format!("{errors:?}")))?;
    Ok(bundle)
}

/// Speaks one language.
#[derive(Clone, Copy)]
pub struct Say<'a> {
    bundle: &'a FluentBundle<FluentResource>,
    locale: Locale,
}

impl<'a> Say<'a> {
    /// The language spoken.
    #[must_use]
    pub fn locale(self) -> Locale {
        self.locale
    }

    /// The text with this key. A key that is missing shows as itself; a test holds that none is.
    #[must_use]
    pub fn text(self, key: &str) -> Cow<'a, str> {
        self.find(key, None)
            .unwrap_or_else(|| Cow::Owned(key.to_owned()))
    }

    /// The text with this key, with one value filled in.
    #[must_use]
    pub fn with(self, key: &str, name: &str, value: &str) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set(name.to_owned(), value.to_owned());
        self.find(key, Some(&arguments))
            .map_or_else(|| key.to_owned(), Cow::into_owned)
    }

    /// The text with this key, where it exists and every value that it wants is given.
    #[must_use]
    pub fn find(self, key: &str, arguments: Option<&FluentArgs<'_>>) -> Option<Cow<'a, str>> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut problems = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, arguments, &mut problems);
        problems.is_empty().then_some(text)
    }
}
