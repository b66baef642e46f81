//! `client_certificate_headers` of `proxy` and `decision`: in which headers proxies in front tell of
//! client certificates.

use http::HeaderName;
use ipnet::IpNet;
use serde_json::{Value as Json, json};

use crate::authz::is_certificate_header;
use crate::document::{Fields, FromNode, Node, Problem, Reading};

const KEY: &str = "client_certificate_headers";

/// Reads the names in which the proxies before Stepgate's own are believed.
pub(super) fn read(fields: &mut Fields<'_, '_>, trusted_proxies: &[IpNet]) -> Vec<HeaderName> {
    let names = names(fields);
    if !names.is_empty() && trusted_proxies.is_empty() {
        let message = "nobody is believed who could send them";
        let help = "name the proxies in front in `trusted_proxies`";
        fields.problem_at(KEY, "contradiction", message, Some(help));
    }
    names
}

/// Reads the names where it is settled who is believed.
pub(super) fn names(fields: &mut Fields<'_, '_>) -> Vec<HeaderName> {
    let names = fields.or(KEY, Vec::<CertificateHeader>::new());
    names.into_iter().map(|name| name.0).collect()
}

/// The name of a header that tells of client certificates.
#[derive(Debug)]
struct CertificateHeader(HeaderName);

impl FromNode for CertificateHeader {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let name = String::from_node(node, reading)?.parse().ok();
        let name = name.filter(|name: &HeaderName| {
            is_certificate_header(name) && !name.as_str().contains(['_', '.', '*'])
        });
        if name.is_none() {
            let message = format!("{} is no header of client certificates", node.described());
            let help = "such as X-SSL-Client-Cert, X-Client-Cert, Client-Cert or \
                        X-Forwarded-Client-Cert";
            reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
        }
        name.map(Self)
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{config_of, problem_of};

    const KRATOS: &str = "identity: { external: { public_url: http://127.0.0.1:4433 } }\n";

    fn proxy(keys: &str) -> String {
        format!("{KRATOS}proxy: {{ listen: 127.0.0.1:1, {keys} }}")
    }

    #[test]
    fn trusted_proxies_tell_of_certificates_in_the_headers_that_are_named() {
        let named = "trusted_proxies: [10.0.0.0/8], \
                     client_certificate_headers: [X-SSL-Client-Verify, X-Forwarded-Client-Cert]";
        let names = config_of(&proxy(named)).proxy.unwrap();
        let names = names.client_certificate_headers;
        assert_eq!(names, ["x-ssl-client-verify", "x-forwarded-client-cert"]);
    }

    #[test]
    fn so_do_proxies_that_ask_for_decisions() {
        let text = "decision: { grpc: { listen: 127.0.0.1:2 }, http: { listen: 127.0.0.1:1 }, \
                    client_certificate_headers: [SSL-Client-Verify] }";
        let proxy = config_of(&format!("{KRATOS}{text}")).proxy.unwrap();
        assert_eq!(proxy.listeners.len(), 2);
        for listener in proxy.listeners {
            assert_eq!(listener.client_certificate_headers, ["ssl-client-verify"]);
        }
    }

    #[test]
    fn no_other_header_is_believed_that_way_and_nobody_else() {
        for (keys, why) in [
            ("[X-User-Id]", "no header of client certificates"),
            ("[X_SSL_Client_Verify]", "no header of client certificates"),
            ("[\"X-SSL-*\"]", "no header of client certificates"),
        ] {
            let keys = format!("trusted_proxies: [10.0.0.0/8], client_certificate_headers: {keys}");
            let (_, told) = problem_of(&proxy(&keys));
            assert!(told.contains(why), "{keys}: {told}");
        }
        let (_, told) = problem_of(&proxy("client_certificate_headers: [Client-Cert]"));
        assert!(told.contains("nobody is believed"), "{told}");
    }
}
