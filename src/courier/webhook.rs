//! Messages to a service that sends them on.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use url::Url;

use super::config::HttpService;
use super::delivery::{Delivered, DeliveryError};
use crate::identity::Channel;
use crate::jsonnet::{Inputs, Runner};
use crate::outbound::{Call, Outbound};
use crate::store::{MailContent, TakenMail};

/// Calls services.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) outbound: Outbound,
    pub(super) runner: Runner,
}

impl Caller {
    /// Hands a message over. Any success counts, anything else is tried again.
    pub(super) async fn call(
        &self,
        service: &HttpService,
        mail: &TakenMail,
        content: &MailContent,
        timeout: Duration,
    ) -> Result<Delivered, DeliveryError> {
        let body = match &service.body {
            None => plain_body(mail, content),
            Some(program) => {
                let inputs = Inputs::argument("ctx", context(mail, content));
                let made = self.runner.run(program, inputs).await;
                made.map_err(|error| DeliveryError::passing(&error))?
            }
        };
        let call = Call {
            method: Method::from_bytes(service.method.as_bytes()).unwrap_or(Method::POST),
            url: Url::parse(service.url.expose())
                .map_err(|error| DeliveryError::lasting(&error))?,
            headers: headers(service, mail)?,
            body: Bytes::from(body.to_string()),
            timeout,
        };
        let reply = self.outbound.send(call).await;
        let reply = reply.map_err(|error| DeliveryError::passing(&error))?;
        if reply.status.is_success() {
            return Ok(Delivered::default());
        }
        let why = format!("the service answered {}", reply.status.as_u16());
        Err(DeliveryError::Passing(why))
    }
}

/// What a Jsonnet body gets, by Kratos' names.
fn context(mail: &TakenMail, content: &MailContent) -> Value {
    let kind = match mail.channel {
        Channel::Email => "email",
        Channel::Sms => "phone",
    };
    json!({
        "recipient": mail.recipient,
        "template_type": mail.template_type,
        "template_data": content.data,
        "subject": content.subject,
        "body": content.plain,
        "html_body": content.html,
        "message_type": kind,
    })
}

/// What is sent where no body is configured: the same as Kratos' default.
fn plain_body(mail: &TakenMail, content: &MailContent) -> Value {
    let value = |name: &str| content.data.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "recipient": mail.recipient,
        "template_type": mail.template_type,
        "to": value("to"),
        "recovery_code": value("recovery_code"),
        "recovery_url": value("recovery_url"),
        "verification_url": value("verification_url"),
        "verification_code": value("verification_code"),
        "subject": content.subject,
        "body": content.plain,
    })
}

fn headers(service: &HttpService, mail: &TakenMail) -> Result<HeaderMap, DeliveryError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A service that knows the header sends a message once, however often it is handed over.
    if let Ok(id) = HeaderValue::from_str(&mail.id.to_string()) {
        headers.insert(HeaderName::from_static("idempotency-key"), id);
    }
    for (name, value) in &service.headers {
        let refused = || DeliveryError::Final(format!("`{name}` can't be sent as a header"));
        let value = HeaderValue::from_str(value.expose());
        let mut value = value.map_err(|_| refused())?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        headers.insert(name, value);
    }
    Ok(headers)
}
