//! Envoy's external authorization over gRPC, on real sockets: what a front gets, whatever it sends.

mod agreement;
mod client;
mod connections;
mod foreign;
mod half_open;
mod health;
mod place;
mod secured;
mod vectors;

use std::net::SocketAddr;

use envoy_types::pb::envoy::config::core::v3::{self as core, address::Address};
use envoy_types::pb::envoy::service::auth::v3::attribute_context as context;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    AttributeContext, CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse,
};

use crate::support::people::{self, ALICE, ALICE_ID};
use crate::support::program::Program;
use crate::support::server::Server;

/// Stepgate without a proxy listener, and an identity service.
pub(super) struct World {
    program: Program,
    _identity: Server,
}

impl World {
    fn start() -> Self {
        Self::listening(r#"listen: "127.0.0.1:0""#, &[])
    }

    /// With these settings of `decision.grpc`, and these files beside.
    fn listening(grpc: &str, files: &[(&str, &str)]) -> Self {
        let identity = people::start();
        let config = CONFIG
            .replace("@IDENTITY@", &identity.url())
            .replace("@GRPC@", grpc);
        let mut all = vec![("stepgate.yaml", &*config), ("rules/app.yaml", RULES)];
        all.extend_from_slice(files);
        Self {
            program: Program::serve(&all),
            _identity: identity,
        }
    }

    fn address(&self) -> SocketAddr {
        self.program.addresses("ext_authz")[0]
    }
}

const CONFIG: &str = r#"
version: 1
decision:
  http: { listen: "127.0.0.1:0" }
  grpc: { @GRPC@ }
rules: rules/
reload: { watch: false }
identity:
  external:
    public_url: "@IDENTITY@"
    browser_url: https://id.test
    session_cookie: session
    whoami_required_aal: aal1
upstream_identity:
  headers: { X-User-Id: session.identity.id, X-Auth-Aal: session.authenticator_assurance_level }
admin: { listen: "127.0.0.1:0" }
telemetry: { log: { format: json } }
"#;

const RULES: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:1" } }
defaults: { upstream: app }
rules:
  - { id: admin, match: { host: app.test, path: /admin/** }, required_aal: aal2 }
  - { id: api, match: { host: app.test, path: /api/** }, required_aal: aal1 }
  - { id: public, match: { host: app.test, path: /public/** }, required_aal: none }
"#;

/// A question about `GET` of this path at `https://app.test`.
fn about(path: &str, headers: &[(&str, &str)]) -> CheckRequest {
    question(context::HttpRequest {
        method: "GET".to_owned(),
        scheme: "https".to_owned(),
        host: "app.test".to_owned(),
        path: path.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..context::HttpRequest::default()
    })
}

fn question(http: context::HttpRequest) -> CheckRequest {
    let address = Address::SocketAddress(core::SocketAddress {
        address: "192.0.2.7".to_owned(),
        ..core::SocketAddress::default()
    });
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(context::Peer {
                address: Some(core::Address {
                    address: Some(address),
                }),
                ..context::Peer::default()
            }),
            request: Some(context::Request {
                http: Some(http),
                ..context::Request::default()
            }),
            ..AttributeContext::default()
        }),
    }
}

fn allowed(response: &CheckResponse) -> &OkHttpResponse {
    assert_eq!(response.status.as_ref().unwrap().code, 0, "{response:?}");
    match &response.http_response {
        Some(HttpResponse::OkResponse(ok)) => ok,
        other => panic!("{other:?}"),
    }
}

fn denied(response: &CheckResponse) -> &DeniedHttpResponse {
    assert_ne!(response.status.as_ref().unwrap().code, 0, "{response:?}");
    match &response.http_response {
        Some(HttpResponse::DeniedResponse(denied)) => denied,
        other => panic!("{other:?}"),
    }
}

fn status(response: &CheckResponse) -> i32 {
    denied(response).status.as_ref().unwrap().code
}

fn value<'a>(fields: &'a [core::HeaderValueOption], name: &str) -> Option<&'a str> {
    let mut headers = fields.iter().map(|field| field.header.as_ref().unwrap());
    let found = headers.find(|header| header.key == name);
    found.map(|header| &*header.value)
}

fn cookie(credential: &str) -> String {
    format!("theme=dark; session={credential}")
}

#[tokio::test]
async fn a_client_of_grpc_gets_the_decision() {
    let world = World::start();
    let url = format!("http://{}", world.address());
    let mut client = AuthorizationClient::connect(url).await.unwrap();
    let cookie = cookie(ALICE);
    let headers = [("cookie", &*cookie), ("x_user_id", "mallory")];
    let answer = client.check(about("/admin/x", &headers)).await.unwrap();
    let answer = answer.into_inner();
    let ok = allowed(&answer);
    assert_eq!(value(&ok.headers, "x-user-id"), Some(ALICE_ID));
    assert_eq!(value(&ok.headers, "x-auth-aal"), Some("aal2"));
    assert_eq!(value(&ok.headers, "cookie"), Some("theme=dark"));
    assert!(ok.headers_to_remove.iter().any(|name| name == "x_user_id"));
    let answer = client.check(about("/admin/x", &[])).await.unwrap();
    assert_eq!(status(&answer.into_inner()), 401);
    let browser = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
    let answer = client.check(about("/api/x", &browser)).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(status(&answer), 303);
    let location = value(&denied(&answer).headers, "location").unwrap();
    assert!(location.starts_with("https://id.test/"), "{location}");
    let line = crate::support::eventually(|| world.program.says("\"door\":\"ext_authz\""));
    assert!(line, "{}", world.program.output());
}
