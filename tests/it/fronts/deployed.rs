//! The files of deploy/, as they are but for addresses.

use std::net::SocketAddr;
use std::path::Path;

use super::world::World;

/// Addresses that the files of deploy/ are written with.
pub(crate) const DECISION_HTTP: &str = "127.0.0.1:4456";
pub(crate) const DECISION_GRPC: &str = "127.0.0.1:4457";
pub(crate) const PROXY: &str = "127.0.0.1:4455";
pub(crate) const APPLICATION: &str = "127.0.0.1:8080";

/// A file below deploy/ with each of `changes` made: what stands there, and what shall. Text that
/// isn't there is an error: the file would talk to somebody else.
pub(crate) fn file(name: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name);
    let mut text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (from, to) in changes {
        assert!(text.contains(from), "{name} doesn't mention {from}");
        text = text.replace(from, to);
    }
    text
}

/// The same with the addresses of `world` in place of the default ones that the file mentions, and
/// `listen`, which is how the file says where it listens, become `address`. Then `changes`.
pub(crate) fn for_world(
    name: &str,
    world: &World,
    listen: (&str, SocketAddr),
    changes: &[(&str, &str)],
) -> String {
    let text = file(name, &[]);
    let known = [
        (DECISION_HTTP, world.decision_http()),
        (DECISION_GRPC, world.decision_grpc()),
        (PROXY, Some(world.proxy())),
        (APPLICATION, Some(world.application.address)),
    ];
    let address = listen.1.to_string();
    let mut all = vec![(listen.0, address.as_str())];
    let known: Vec<(&str, String)> = known
        .into_iter()
        .filter(|(default, _)| text.contains(default))
        .map(|(default, real)| {
            let real = real.unwrap_or_else(|| panic!("nobody listens for {default}"));
            (default, real.to_string())
        })
        .collect();
    all.extend(known.iter().map(|(from, to)| (*from, to.as_str())));
    all.extend(changes);
    file(name, &all)
}
