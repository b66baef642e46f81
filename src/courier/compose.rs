//! Writing a message: pure, so that it can be stored with the change that it tells of.

use std::sync::Arc;
use std::time::Duration;

use fluent::FluentArgs;
use serde_json::{Map, Value, json};

use super::layout::{Layout, Parts};
use super::{Config, CourierError, Part, Template};
use crate::clock::Clock;
use crate::identity::{Channel, CredentialType, Identity, MailId};
use crate::locale::{Locale, Say, Texts};
use crate::store::{MailContent, Outgoing};

const ENGLISH: &str = include_str!("words/en.ftl");
const GERMAN: &str = include_str!("words/de.ftl");

/// Writes messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Courier(Arc<Writer>);

#[derive(Debug)]
struct Writer {
    texts: Texts,
    layout: Layout,
    clock: Clock,
    config: Config,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address or number.
    pub address: String,
    /// How it is reached.
    pub channel: Channel,
    /// What they read.
    pub language: Locale,
}

impl Recipient {
    /// Somebody at `address`, spoken to as [`language_of`] says.
    #[must_use]
    pub fn new(
        channel: Channel,
        address: &str,
        accept_language: Option<&str>,
        identity: Option<&Identity>,
    ) -> Self {
        Self {
            address: address.to_owned(),
            channel,
            language: language_of(accept_language, identity),
        }
    }
}

/// The language of the request that caused a message, else the one that the person's traits name
/// (`locale`, `language` or `lang`), else English.
#[must_use]
pub fn language_of(accept_language: Option<&str>, identity: Option<&Identity>) -> Locale {
    let of_traits = || {
        let traits = &identity?.traits;
        let named = ["locale", "language", "lang"].iter();
        named
            .filter_map(|name| traits.get(name)?.as_str())
            .find_map(Locale::from_tag)
    };
    Locale::accepted(accept_language)
        .or_else(of_traits)
        .unwrap_or_default()
}

/// What a message tells; what does not belong to it is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct MailData<'a> {
    /// The code.
    pub code: Option<&'a str>,
    /// Where the link leads.
    pub url: Option<&'a str>,
    /// For how long both are good.
    pub expires_in: Option<Duration>,
    /// Whose account it is about.
    pub identity: Option<&'a Identity>,
    /// The request that caused the message.
    pub request_url: Option<&'a str>,
    /// What the client sent along with the flow, for the operator's templates.
    pub transient_payload: Option<&'a Value>,
    /// Which way to sign in was added or removed.
    pub factor: Option<CredentialType>,
}

impl Courier {
    /// A courier that goes by this configuration.
    ///
    /// # Errors
    /// When a text or template does not read.
    pub fn new(config: Config, clock: Clock) -> Result<Self, CourierError> {
        Ok(Self(Arc::new(Writer {
            texts: Texts::load(ENGLISH, GERMAN)?,
            layout: Layout::new()?,
            clock,
            config,
        })))
    }

    /// How it is configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Writes a message, ready for the store.
    #[must_use]
    pub fn compose(&self, template: Template, to: &Recipient, data: &MailData<'_>) -> Outgoing {
        let values = values(template, to, data);
        let words = Words::new(self.0.texts.say(to.language), template, data);
        let own = |part| {
            let overrides = &self.0.config.overrides;
            overrides.render(template, part, to.language, &values)
        };
        let content = match to.channel {
            Channel::Email => {
                let parts = words.parts(data);
                let (subject, plain, html) =
                    (own(Part::Subject), own(Part::Plain), own(Part::Html));
                MailContent {
                    subject: one_line(&subject.unwrap_or_else(|| words.say("subject"))),
                    plain: plain.unwrap_or_else(|| self.0.layout.plain(&parts)),
                    html: Some(html.unwrap_or_else(|| self.0.layout.html(&parts))),
                    data: Value::Object(values),
                }
            }
            Channel::Sms => MailContent {
                plain: own(Part::Sms).unwrap_or_else(|| words.short(data)),
                data: Value::Object(values),
                ..MailContent::default()
            },
        };
        Outgoing {
            id: MailId::random(),
            template_type: template.as_str(),
            channel: to.channel,
            recipient: to.address.clone(),
            content,
            created_at: self.0.clock.wall(),
        }
    }
}

/// A subject has no line breaks, whatever the values in it are.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.collect::<String>().trim().to_owned()
}

fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60).max(1)
}

/// The values of a message, by Kratos' names for them.
fn values(template: Template, to: &Recipient, data: &MailData<'_>) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("to".to_owned(), json!(to.address));
    if let Some(url) = data.request_url {
        values.insert("request_url".to_owned(), json!(url));
    }
    if let Some(code) = data.code {
        values.insert(template.code_key().to_owned(), json!(code));
    }
    if let Some(url) = data.url {
        values.insert(template.url_key().to_owned(), json!(url));
    }
    if let Some(time) = data.expires_in {
        values.insert("expires_in_minutes".to_owned(), json!(minutes(time)));
    }
    if let Some(identity) = data.identity {
        values.insert("identity".to_owned(), shown(identity));
    }
    if let Some(payload) = data.transient_payload {
        values.insert("transient_payload".to_owned(), payload.clone());
    }
    if let Some(factor) = data.factor {
        values.insert("factor".to_owned(), json!(factor.as_str()));
    }
    values
}

/// An identity as templates see it: without credentials and what only the operator may see.
fn shown(identity: &Identity) -> Value {
    json!({
        "id": identity.id,
        "schema_id": identity.schema_id,
        "state": identity.state,
        "traits": identity.traits,
        "metadata_public": identity.metadata_public,
        "created_at": identity.created_at,
        "updated_at": identity.updated_at,
    })
}

/// The built-in words of one message.
struct Words<'a> {
    say: Say<'a>,
    prefix: String,
    arguments: FluentArgs<'static>,
}

impl<'a> Words<'a> {
    fn new(say: Say<'a>, template: Template, data: &MailData<'_>) -> Self {
        let mut arguments = FluentArgs::new();
        arguments.set("code", data.code.unwrap_or_default().to_owned());
        arguments.set("minutes", minutes(data.expires_in.unwrap_or_default()));
        if let Some(factor) = data.factor {
            let key = format!("factor-{}", factor.as_str().replace('_', "-"));
            arguments.set("factor", say.text(&key).into_owned());
        }
        Self {
            say,
            prefix: template.as_str().replace('_', "-"),
            arguments,
        }
    }

    fn find(&self, part: &str) -> Option<String> {
        let key = format!("{}-{part}", self.prefix);
        let found = self.say.find(&key, Some(&self.arguments));
        found.map(std::borrow::Cow::into_owned)
    }

    fn say(&self, part: &str) -> String {
        self.find(part).unwrap_or_else(|| self.prefix.clone())
    }

    fn expires(&self, data: &MailData<'_>) -> Option<String> {
        data.expires_in?;
        let text = self.say.find("expires", Some(&self.arguments));
        text.map(std::borrow::Cow::into_owned)
    }

    fn parts(&self, data: &MailData<'_>) -> Parts {
        Parts {
            language: self.say.locale().tag(),
            title: one_line(&self.say("subject")),
            text: self.say("text"),
            code: data.code.map(str::to_owned),
            button: self.find("button"),
            url: data.url.map(str::to_owned),
            expires: self.expires(data),
            note: self.find("note"),
        }
    }

    /// The whole of a text message.
    fn short(&self, data: &MailData<'_>) -> String {
        let text = self.find("sms").unwrap_or_else(|| self.say("subject"));
        match self.expires(data) {
            Some(expires) => format!("{text}\n\n{expires}"),
            None => text,
        }
    }
}
