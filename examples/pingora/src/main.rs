//! A Pingora proxy with Stepgate's decision in front of its upstream.
//!
//! ```console
//! $ cargo run -- http://127.0.0.1:4433 127.0.0.1:8080 127.0.0.1:9000
//! ```
//!
//! The arguments: where the identity service is asked, where to listen, where the application is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use async_trait::async_trait;
use pingora_core::prelude::{Error, HttpPeer, Result, Server};
use pingora_http::ResponseHeader;
use pingora_proxy::{ProxyHttp, Session, http_proxy_service};
use stepgate::layer::Gate;
use stepgate::layer::pingora::{Admission, admit};

const RULES: &str = r"
rules:
  - { id: home, match: { path: / }, required_aal: none, identify: true }
  - { id: account, match: { path: /account/** }, required_aal: aal1 }
  - { id: transfer, match: { path: /transfer/** }, required_aal: aal2 }
";

struct Guarded {
    gate: Gate,
    upstream: String,
}

/// What the gate leaves for the answer.
#[derive(Default)]
struct Leftover {
    set_cookies: Vec<http::HeaderValue>,
}

#[async_trait]
impl ProxyHttp for Guarded {
    type CTX = Leftover;

    fn new_ctx(&self) -> Leftover {
        Leftover::default()
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Leftover) -> Result<bool> {
        let peer = session.client_addr().and_then(|address| address.as_inet());
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
        match admit(&self.gate, session.req_header_mut(), peer).await? {
            Admission::Pass(passed) => {
                ctx.set_cookies = passed.set_cookies;
                Ok(false)
            }
            Admission::Answer(head, body) => {
                session.write_response_header(head, false).await?;
                session.write_response_body(Some(body), true).await?;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(&self, _: &mut Session, _: &mut Leftover) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(&self.upstream, false, String::new())))
    }

    async fn response_filter(
        &self,
        _: &mut Session,
        answer: &mut ResponseHeader,
        ctx: &mut Leftover,
    ) -> Result<()> {
        for cookie in ctx.set_cookies.drain(..) {
            answer.append_header("set-cookie", cookie)?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(identity), Some(listen), Some(upstream)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: stepgate-pingora-example IDENTITY_URL LISTEN_ADDRESS UPSTREAM_ADDRESS");
        return ExitCode::from(2);
    };
    match run(&identity, &listen, upstream) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(
    identity: &str,
    listen: &str,
    upstream: String,
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    // The gate asks on a runtime of its own: Pingora's come and go with its services.
    let runtime = tokio::runtime::Runtime::new()?;
    let gate = Gate::behind_kratos(identity)?
        .public_url(&format!("http://{listen}"))
        .rules_text("rules.yaml", RULES)
        .start(runtime.handle().clone())?;
    let mut server = Server::new(None).map_err(|error: Box<Error>| error.to_string())?;
    server.bootstrap();
    let mut proxy = http_proxy_service(&server.configuration, Guarded { gate, upstream });
    proxy.add_tcp(listen);
    server.add_service(proxy);
    server.run_forever();
}
