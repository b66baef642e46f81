//! What requests wait with: where, and whose they are.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::config::{Config, Identity};
use crate::gateway::{Naming, People, Resume};
use crate::keyring::Keyring;
use crate::resume::{Keeper, Place, Shelf};
use crate::whoami::{Credential, IdentityService, Said};

/// What is kept, and how: `database` is the embedded identity service's, with its keys.
pub(super) fn resume(
    config: &Config,
    database: Option<(Arc<dyn Shelf>, Keyring)>,
    service: &Arc<dyn IdentityService>,
    runtime: &Handle,
    clock: &Clock,
) -> Resume {
    let database = database.filter(|_| match config.keep_body.place {
        Place::Memory => false,
        Place::Database => true,
    });
    Resume {
        keeper: Keeper::new(config.keep_body, database, runtime.clone(), clock.clone()),
        people: Arc::new(Asked {
            service: Arc::clone(service),
            runtime: runtime.clone(),
            timeout: config.sessions.timeout,
        }),
        has_logout_page: match &config.identity {
            Identity::External(_) => false,
            Identity::Embedded(_) => true,
        },
    }
}

/// Asks the identity service.
struct Asked {
    service: Arc<dyn IdentityService>,
    runtime: Handle,
    timeout: Duration,
}

impl People for Asked {
    fn name_of(&self, credential: Credential) -> Naming {
        let service = Arc::clone(&self.service);
        let timeout = self.timeout;
        let asking = self.runtime.spawn(async move {
            let answer = tokio::time::timeout(timeout, service.ask(&credential));
            match answer.await.ok()?.ok()?.said {
                Said::Session(session) => name_in(&session.document),
                Said::NoSession | Said::Superseded | Said::Undisclosed => None,
            }
        });
        Box::pin(async move { asking.await.ok().flatten() })
    }
}

/// What somebody is best known by.
fn name_in(document: &Value) -> Option<String> {
    let places = [
        "/identity/traits/email",
        "/identity/traits/username",
        "/identity/verifiable_addresses/0/value",
        "/identity/id",
    ];
    let found = places
        .iter()
        .find_map(|place| document.pointer(place)?.as_str());
    found.map(str::to_owned)
}
