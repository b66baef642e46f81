//! `courier.smtp`

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use url::Url;

use super::super::{refuse, refuse_node};
use crate::courier::{Encryption, SmtpServer, is_header};
use crate::document::{Fields, FromNode, Node, Reading};
use crate::secret::SecretString;

/// What the section says.
pub(super) struct Smtp {
    pub(super) server: Option<SmtpServer>,
    pub(super) from_address: Option<String>,
    pub(super) from_name: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

pub(super) fn read(section: &mut Fields<'_, '_>) -> Smtp {
    let uri: Option<ConnectionUri> = section.get("connection_uri");
    let local_name = section.or("local_name", "localhost".to_owned());
    let plain = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        !text.is_empty() && text.bytes().all(fits)
    };
    if !plain(&local_name) {
        refuse(section, "local_name", "this is no host name", None);
    }
    let from_address: Option<MailAddress> = section.get("from_address");
    let from_name: Option<String> = section.get("from_name");
    if from_name.as_deref().is_some_and(has_controls) {
        refuse(section, "from_name", "a name has no line breaks", None);
    }
    let headers: Option<MailHeaders> = section.get("headers");
    let client_certificate = read_certificate(section);
    Smtp {
        server: uri.map(|uri| SmtpServer {
            local_name,
            client_certificate,
            ..uri.0
        }),
        from_address: from_address.map(|address| address.0),
        from_name: from_name.filter(|name| !name.is_empty()),
        headers: headers.map(|headers| headers.0).unwrap_or_default(),
    }
}

fn has_controls(text: &str) -> bool {
    text.chars().any(char::is_control)
}

fn read_certificate(section: &mut Fields<'_, '_>) -> Option<(Vec<u8>, SecretString)> {
    let certificate: Option<PathBuf> = section.get("client_cert_path");
    let key: Option<PathBuf> = section.get("client_key_path");
    let given = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
    let (certificate, key) = match (given(certificate), given(key)) {
        (None, None) => return None,
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) | (None, Some(_)) => {
            let message = "a client certificate needs `client_cert_path` and `client_key_path`";
            refuse(section, "client_cert_path", message, None);
            return None;
        }
    };
    let certificate = std::fs::read(&certificate);
    let key = std::fs::read_to_string(&key);
    match (certificate, key) {
        (Ok(certificate), Ok(key)) => Some((certificate, SecretString::new(key))),
        (Err(error), _) => {
            refuse(section, "client_cert_path", &error.to_string(), None);
            None
        }
        (Ok(_), Err(error)) => {
            refuse(section, "client_key_path", &error.to_string(), None);
            None
        }
    }
}

/// `smtp://user:password@host:port/?disable_starttls=..&skip_ssl_verify=..&server_name=..`
struct ConnectionUri(SmtpServer);

const URI_HELP: &str = "as in smtp://user:password@mail.example.com:587/ or smtps://..:465/";

fn parse_uri(text: &str) -> Result<SmtpServer, &'static str> {
    let url = Url::parse(text).map_err(|_| "this is no URL")?;
    let implicit = match url.scheme() {
        "smtp" => false,
        "smtps" => true,
        _ => return Err("a mail server's URL begins with smtp:// or smtps://"),
    };
    let host = url.host_str().ok_or("the mail server's host is missing")?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let mut clear = false;
    let mut verify = true;
    let mut server_name = host.clone();
    for (key, value) in url.query_pairs() {
        let switch = || match &*value {
            "true" | "1" | "t" | "T" | "TRUE" | "True" => Ok(true),
            "false" | "0" | "f" | "F" | "FALSE" | "False" | "" => Ok(false),
            _ => Err("a switch is true or false"),
        };
        match &*key {
            "disable_starttls" => clear = switch()?,
            "skip_ssl_verify" => verify = !switch()?,
            "server_name" => server_name = value.into_owned(),
            _ => return Err("known are disable_starttls, skip_ssl_verify and server_name"),
        }
    }
    let encryption = match (implicit, clear) {
        (true, _) => Encryption::Implicit,
        (false, false) => Encryption::StartTls,
        (false, true) => Encryption::None,
    };
    let usual_port = match encryption {
        Encryption::Implicit => 465,
        Encryption::StartTls => 587,
        Encryption::None => 25,
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = decoded(url.username());
    let password = url.password().map(decoded).unwrap_or_default();
    Ok(SmtpServer {
        host,
        port: url.port().unwrap_or(usual_port),
        encryption,
        verify,
        server_name,
        login: (!user.is_empty()).then(|| (user, SecretString::new(password))),
        local_name: String::new(),
        client_certificate: None,
    })
}

impl FromNode for ConnectionUri {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        match parse_uri(&text) {
            Ok(server) => Some(Self(server)),
            Err(why) => {
                // The text itself may hold a password.
                refuse_node(reading, node, format!("{why}; write it {URI_HELP}"));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "pattern": "^smtps?://.*"})
    }

    fn shown(&self) -> Option<Json> {
        let scheme = match self.0.encryption {
            Encryption::Implicit => "smtps",
            Encryption::StartTls | Encryption::None => "smtp",
        };
        Some(format!("{scheme}://{}:{}", self.0.host, self.0.port).into())
    }
}

/// A mail address, as a sender can have it.
struct MailAddress(String);

impl FromNode for MailAddress {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        if text.parse::<lettre::Address>().is_ok() {
            return Some(Self(text));
        }
        refuse_node(reading, node, "this is no mail address".to_owned());
        None
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "email"})
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.clone().into())
    }
}

/// Headers of a mail.
struct MailHeaders(Vec<(String, String)>);

impl FromNode for MailHeaders {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut headers = Vec::new();
        for entry in node.as_map().unwrap_or_default() {
            let name = &*entry.key.text;
            let value = entry.value.as_scalar().map(|scalar| &*scalar.text);
            match value.filter(|value| is_header(name, value)) {
                Some(value) => headers.push((name.to_owned(), value.to_owned())),
                None => refuse_node(reading, &entry.value, format!("`{name}` is no mail header")),
            }
        }
        Some(Self(headers))
    }

    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": {"type": "string"}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_when_the_connection_is_encrypted() {
        let cases = [
            ("smtp://mail.example.com", Encryption::StartTls, 587, true),
            (
                "smtps://mail.example.com/?skip_ssl_verify=true",
                Encryption::Implicit,
                465,
                false,
            ),
            (
                "smtp://127.0.0.1:2525/?disable_starttls=true",
                Encryption::None,
                2525,
                true,
            ),
            (
                "smtp://mail.example.com:25/?disable_starttls=false",
                Encryption::StartTls,
                25,
                true,
            ),
        ];
        for (text, encryption, port, verify) in cases {
            let server = parse_uri(text).unwrap();
            assert_eq!(
                (server.encryption, server.port),
                (encryption, port),
                "{text}"
            );
            assert_eq!(server.verify, verify, "{text}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let uri = ConnectionUri(parse_uri("smtp://ada%40a.example:s%3Acret@b.example/").unwrap());
        let (user, password) = uri.0.login.clone().unwrap();
        assert_eq!(
            (user.as_str(), password.expose().as_str()),
            ("ada@a.example", "s:cret")
        );
        let shown = format!("{:?} {:?}", uri.0, uri.shown());
        assert!(!shown.contains("cret"), "{shown}");
    }

    #[test]
    fn another_name_may_stand_in_the_certificate() {
        let server = parse_uri("smtps://a.b.example/?server_name=b.example").unwrap();
        assert_eq!(
            (&*server.host, &*server.server_name),
            ("a.b.example", "b.example")
        );
    }

    #[test]
    fn what_is_no_mail_server_is_refused() {
        for text in [
            "http://a.example",
            "smtp:",
            "smtp://a.example/?starttls=off",
            "mail",
        ] {
            assert!(parse_uri(text).is_err(), "{text}");
        }
    }
}
