//! The identity service by itself, run by a configuration in Kratos' own format.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::embedded::{Embedded, Ties};
use super::form_targets::return_targets;
use super::signals::{Notice, Signals};
use super::web_listener::WebListener;
use super::{StartError, own_pages};
use crate::admin::{Guard, Operations, Readiness};
use crate::clock::Clock;
use crate::config::{Environment, load_kratos};
use crate::identity::settings::Listener;
use crate::pages::Pages;
use crate::store::Dsn;
use crate::telemetry::{self, LogConfig, LogOutput};
use crate::{admin, pages, selfservice};

/// Serves Kratos' public and admin API at the addresses that the file names, until told to stop.
///
/// # Errors
/// The file is wrong, an address is taken, or the database can't be used.
pub fn serve_identity(file: &Path, environment: &Environment) -> Result<(), StartError> {
    let draft = load_kratos(file, environment).map_err(StartError::Invalid)?;
    let _log = telemetry::start_log(
        &LogConfig::default(),
        LogOutput::Standard,
        environment.allows_colour(),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let handle = runtime.handle().clone();
    let ended = runtime.block_on(async move {
        let mut signals = Signals::listen()?;
        let clock = Clock::system();
        let public_url = draft.own_url();
        let dsn = draft.dsn().cloned().unwrap_or(Dsn::Memory);
        let courier = draft.courier(&public_url);
        let form_targets = return_targets(draft.return_urls());
        let settings = draft.settle(&public_url);
        let (public, private) = (settings.public.clone(), settings.admin.clone());
        let ties = Ties::default();
        let embedded = Embedded::open(settings, &dsn, courier, ties, handle, clock.clone()).await?;
        let readiness = Arc::new(Readiness::default());
        let (public_address, admin_address) = (address(&public)?, address(&private)?);
        let operations = Operations {
            identities: Some(embedded.identities(clock)),
            readiness: Arc::clone(&readiness),
            ..Operations::default()
        };
        let pages = Arc::new(Pages::new(pages::Config {
            form_targets,
            ..pages::Config::default()
        })?);
        let routes = public_routes(&embedded, &pages, &public_url, &private);
        if !admin_address.ip().is_loopback() {
            tracing::warn!("the admin API asks for no token and is not on loopback: protect it");
        }
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(embedded.worker.clone().run(stop.clone()));
        let guard = Guard::open(admin_address.ip());
        let doors = [
            ("identity", public_address, routes),
            ("admin", admin_address, admin::router(guard, operations)),
        ];
        for (door, address, router) in doors {
            let listener = WebListener::bind(address, None, router).await;
            let listener = listener.map_err(|source| StartError::Listen {
                door,
                address,
                source,
            })?;
            telemetry::announce_listening(door, &listener.address().to_string());
            tasks.spawn(listener.run(stop.clone()));
        }
        readiness.begin();
        telemetry::announce_ready(0);
        while signals.next().await == Notice::Reload {
            tracing::warn!("a changed configuration needs a restart");
        }
        readiness.stop();
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        Ok(())
    });
    runtime.shutdown_background();
    ended
}

/// The public API at the root, as Kratos has it, and below the path of its URL, for clients that no
/// proxy takes that path away from.
fn public_routes(embedded: &Embedded, pages: &Arc<Pages>, url: &str, admin: &Listener) -> Router {
    let config = |mount: &str| selfservice::Config {
        mount: mount.to_owned(),
        admin_url: Some(admin.base_url.clone()),
        pages: Some(Arc::clone(pages)),
        ..selfservice::Config::default()
    };
    let own = own_pages::router(Arc::clone(pages));
    let root = embedded.router(config(""));
    let path = url::Url::parse(url).map(|url| url.path().trim_end_matches('/').to_owned());
    match path {
        Ok(path) if !path.is_empty() => {
            let below = embedded.router(config(&path));
            own.fallback(move |request: Request| {
                let prefixed = request.uri().path().strip_prefix(&path);
                let is_below = prefixed.is_some_and(|rest| rest.starts_with('/'));
                let router = if is_below { &below } else { &root };
                router.clone().oneshot(request)
            })
        }
        Ok(_) | Err(_) => own.fallback_service(root),
    }
}

fn address(listener: &Listener) -> Result<SocketAddr, StartError> {
    let host = listener.host.trim_matches(['[', ']']);
    let found = (host, listener.port).to_socket_addrs();
    let found = found.map_err(|source| StartError::Address {
        host: listener.host.clone(),
        source,
    })?;
    let fallback = SocketAddr::from(([0, 0, 0, 0], listener.port));
    Ok(found.into_iter().next().unwrap_or(fallback))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tokio::runtime::Handle;

    use super::*;
    use crate::config::kratos_format::{Form, read};
    use crate::document::{Problems, Reading, Source, parse};

    #[tokio::test]
    async fn the_public_api_is_at_the_root_and_below_the_path_of_its_url() {
        let url = "http://127.0.0.1:4433/auth/";
        let tree = parse(&Source::new("kratos.yml", "{}"), &mut Problems::new()).unwrap();
        let draft = read(
            &tree,
            Form::Embedded { in_file: false },
            &mut Reading::new(),
        )
        .unwrap();
        let courier = draft.courier(url);
        let settings = draft.settle(url);
        let admin = settings.admin.clone();
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let embedded = Embedded::open(
            settings,
            &Dsn::Memory,
            courier,
            Ties::default(),
            Handle::current(),
            clock,
        )
        .await;
        let pages = Arc::new(Pages::new(pages::Config::default()).unwrap());
        let routes = public_routes(&embedded.unwrap(), &pages, url, &admin);
        for (path, status) in [
            ("/sessions/whoami", 401),
            ("/auth/sessions/whoami", 401),
            ("/authentic/sessions/whoami", 404),
            ("/auth/nonsense", 404),
        ] {
            let request = Request::builder()
                .uri(path)
                .header("host", "127.0.0.1:4433");
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{path}");
        }
    }
}
