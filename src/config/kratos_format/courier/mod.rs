//! `courier`: how mail and text messages go out.

mod http;
mod smtp;
mod templates;

use std::path::PathBuf;
use std::sync::Arc;

use super::values::GoDuration;
use super::{Form, refuse};
use crate::courier::{Config, Sender, Way};
use crate::document::{Choice, Fields};

/// The most messages under way at a time.
const MAX_PULL_COUNT: u32 = 200;
/// The most retries.
const MAX_RETRIES: u32 = 100;

/// What was read; who mails are from may depend on the public URL.
#[derive(Clone, Debug)]
pub(super) struct CourierDraft {
    config: Config,
    from: Option<String>,
    name: Option<String>,
}

impl CourierDraft {
    /// The configuration of a service at `public_url`: unless it says otherwise, mails are from
    /// `no-reply` at its host.
    pub(super) fn settle(&self, public_url: &str) -> Config {
        let url = url::Url::parse(public_url).ok();
        let address = self.from.clone();
        Config {
            from: Sender {
                address: address.unwrap_or_else(|| match url.as_ref().and_then(url::Url::domain) {
                    Some(domain) => format!("no-reply@{domain}"),
                    // The mail library does not read addresses such as no-reply@[127.0.0.1].
                    None => "no-reply@localhost".to_owned(),
                }),
                name: self.name.clone(),
            },
            ..self.config.clone()
        }
    }
}

/// `courier.delivery_strategy`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Smtp,
    Http,
    File,
}

impl Choice for Delivery {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("smtp", Self::Smtp),
        ("http", Self::Http),
        ("file", Self::File),
    ];
}

pub(super) fn read(section: &mut Fields<'_, '_>, form: Form) -> CourierDraft {
    let default = Config::default();
    let smtp = section.within("smtp", smtp::read);
    let folder = section.within("file", |inner| inner.get::<PathBuf>("path"));
    let request = section.within("http", |inner| inner.get::<http::Request>("request_config"));
    let channels: Vec<http::Channel> = section.get("channels").unwrap_or_default();
    let sms = channels.into_iter().find(|channel| channel.id == "sms");
    let sms = sms.map_or(Way::Nowhere, |channel| Way::Http(Arc::new(channel.service)));
    let strategy = section.or("delivery_strategy", Delivery::Smtp);
    let email = match strategy {
        Delivery::Smtp => smtp
            .server
            .map_or(Way::Nowhere, |server| Way::Smtp(Arc::new(server))),
        Delivery::Http => request.map_or(Way::Nowhere, |one| Way::Http(Arc::new(one.0))),
        Delivery::File => folder.map_or(Way::Nowhere, Way::Folder),
    };
    let overrides = templates::read(section);
    let message_retries = section.or("message_retries", default.message_retries);
    if message_retries > MAX_RETRIES {
        refuse(section, "message_retries", "at most 100 retries", None);
    }
    let (pull_count, pull_wait) = section.within("worker", |worker| {
        let count = worker.or("pull_count", default.pull_count);
        if count == 0 || count > MAX_PULL_COUNT {
            refuse(worker, "pull_count", "give a number from 1 to 200", None);
        }
        let wait = worker.or("pull_wait", GoDuration(default.pull_wait)).0;
        if wait.is_zero() {
            refuse(
                worker,
                "pull_wait",
                "the worker must wait for a while",
                None,
            );
        }
        (count, wait)
    });
    // A Kratos sends no such mails, and who replaces one may rely on that.
    let tell_changes = section.or("tell_changes", form == Form::Embedded { in_file: false });
    CourierDraft {
        config: Config {
            email,
            sms,
            headers: smtp.headers,
            message_retries,
            pull_count,
            pull_wait,
            tell_changes,
            overrides,
            ..default
        },
        from: smtp.from_address,
        name: smtp.from_name,
    }
}
