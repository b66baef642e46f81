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
    changed(name, &read(&format!("deploy/{name}")), changes)
}

/// The same with the addresses of `world` in place of the default ones that the file mentions, and
/// `listen`, which is how the file says where it listens, become `address`. Then `changes`.
pub(crate) fn for_world(
    name: &str,
    world: &World,
    listen: (&str, SocketAddr),
    changes: &[(&str, &str)],
) -> String {
    let address = listen.1.to_string();
    let all = [&[(listen.0, address.as_str())], changes].concat();
    of_world(name, world, &all)
}

/// The same for a file that doesn't say where anybody listens, or not by an address.
pub(crate) fn of_world(name: &str, world: &World, changes: &[(&str, &str)]) -> String {
    placed(name, &read(&format!("deploy/{name}")), world, changes)
}

/// The first example of a page below docs/, in the same way.
pub(crate) fn example(page: &str, world: &World, listen: (&str, SocketAddr)) -> String {
    let text = read(&format!("docs/{page}"));
    let fenced = text
        .split_once("\n```")
        .and_then(|(_, rest)| rest.split_once("\n```"));
    let block = fenced.and_then(|(block, _)| block.split_once('\n'));
    let (_, example) = block.unwrap_or_else(|| panic!("{page} begins without an example"));
    let address = listen.1.to_string();
    let changes = [(listen.0, address.as_str())];
    placed(page, &format!("{example}\n"), world, &changes)
}

/// The examples of a page's part of this name, in their order.
pub(crate) fn examples_of(page: &str, part: &str) -> Vec<String> {
    let text = read(&format!("docs/{page}"));
    let rest = text.split_once(&format!("\n## {part}\n"));
    let found = rest.and_then(|(_, rest)| rest.split("\n## ").next());
    let found = found.unwrap_or_else(|| panic!("{page} has no part {part}"));
    let mut pieces = found.split("\n```");
    let mut examples = Vec::new();
    pieces.next();
    while let (Some(block), Some(_)) = (pieces.next(), pieces.next()) {
        let (_, example) = block.split_once('\n').unwrap();
        examples.push(format!("{example}\n"));
    }
    examples
}

/// The examples of a page's part about TLS.
pub(crate) fn examples_with_tls(page: &str) -> Vec<String> {
    examples_of(page, "With TLS")
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn placed(name: &str, text: &str, world: &World, changes: &[(&str, &str)]) -> String {
    let known = [
        (DECISION_HTTP, world.decision_http()),
        (DECISION_GRPC, world.decision_grpc()),
        (PROXY, Some(world.proxy())),
        (APPLICATION, Some(world.application.address)),
    ];
    let known: Vec<(&str, String)> = known
        .into_iter()
        .filter(|(default, _)| text.contains(default))
        .map(|(default, real)| {
            let real = real.unwrap_or_else(|| panic!("nobody listens for {default}"));
            (default, real.to_string())
        })
        .collect();
    let known = known.iter().map(|(from, to)| (*from, to.as_str()));
    let all: Vec<(&str, &str)> = changes.iter().copied().chain(known).collect();
    changed(name, text, &all)
}

/// One walk through the text: what was put in is not looked at again, as the address of one may
/// begin with the default one of another.
fn changed(name: &str, text: &str, changes: &[(&str, &str)]) -> String {
    for (from, _) in changes {
        assert!(text.contains(from), "{name} doesn't mention {from}");
    }
    let mut done = String::new();
    let mut rest = text;
    let next = |rest: &str| {
        let found = changes
            .iter()
            .filter_map(|(from, to)| Some((rest.find(from)?, *from, *to)));
        found.min_by_key(|(at, from, _)| (*at, usize::MAX - from.len()))
    };
    while let Some((at, from, to)) = next(rest) {
        done.push_str(&rest[..at]);
        done.push_str(to);
        rest = &rest[at + from.len()..];
    }
    done + rest
}
