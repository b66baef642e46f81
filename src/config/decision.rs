//! `decision`: where other proxies ask for a decision.

use ipnet::IpNet;

use super::client_certificates;
use super::proxy::{Address, Tls, read_socket_mode};
use crate::document::{Fields, FromNode, Node, Place, Problem, Reading};
use crate::gateway::{ListenAddress, ListenerConfig, ListenerDoor, SocketMode};

/// `decision` as written.
#[derive(Debug)]
pub(super) struct DecisionSection {
    pub(super) place: Place,
    /// Ready to be lent by the gateway.
    pub(super) listeners: Vec<ListenerConfig>,
}

/// One of the two doors.
struct Listener {
    listen: ListenAddress,
    socket_mode: SocketMode,
    tls: Option<Tls>,
    trusted_proxies: Option<Vec<IpNet>>,
    place: Place,
}

impl FromNode for Listener {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let listen = fields.required::<Address>("listen");
        let socket_mode = read_socket_mode(&mut fields, listen.as_ref());
        let tls = fields.get("tls");
        let trusted_proxies = fields.get("trusted_proxies");
        fields.close();
        Some(Self {
            listen: listen?.0,
            socket_mode,
            tls,
            trusted_proxies,
            place: node.place.clone(),
        })
    }
}

/// Reads the section; with neither door in it there is none.
pub(super) fn read(file: &mut Fields<'_, '_>) -> Option<DecisionSection> {
    file.within("decision", |fields| {
        let http: Option<Listener> = fields.get("http");
        let grpc: Option<Listener> = fields.get("grpc");
        let trusted: Option<Vec<IpNet>> = fields.get("trusted_proxies");
        let certificates = client_certificates::names(fields);
        let place = fields.section().place.clone();
        if let Some(grpc) = &grpc
            && cfg!(not(feature = "ext-authz"))
        {
            let message = "this build does not speak gRPC";
            let help = "use `decision.http` with /ext_authz, or a build with feature `ext-authz`";
            let problem = Problem::at(&grpc.place, "unsupported", message).help(help);
            fields.reading().problem(problem);
        }
        let doors = [(http, "forward_auth"), (grpc, "ext_authz")];
        let listeners: Vec<ListenerConfig> = doors
            .into_iter()
            .filter_map(|(listener, door)| {
                let lent = lend(listener?, door, trusted.as_deref(), fields.reading());
                Some(ListenerConfig {
                    client_certificate_headers: certificates.clone(),
                    ..lent
                })
            })
            .collect();
        (!listeners.is_empty()).then_some(DecisionSection { place, listeners })
    })
}

fn lend(
    listener: Listener,
    door: &'static str,
    trusted: Option<&[IpNet]>,
    reading: &mut Reading,
) -> ListenerConfig {
    let written = listener.trusted_proxies.or_else(|| trusted.map(Vec::from));
    let beyond = match &listener.listen {
        ListenAddress::Tcp(address) => !address.ip().is_loopback(),
        ListenAddress::Unix(_) => false,
    };
    if beyond && written.is_none() {
        let message = "a decision listener beyond loopback needs to know whom it may believe";
        let help =
            "name the proxies that ask in `decision.trusted_proxies`, or listen on 127.0.0.1";
        let problem = Problem::at(&listener.place, "contradiction", message);
        reading.problem(problem.help(help));
    }
    ListenerConfig {
        socket_mode: listener.socket_mode,
        tls: listener.tls.map(|tls| tls.0),
        door: ListenerDoor::Guest(door),
        trusted_proxies: Some(written.unwrap_or_else(loopback)),
        ..ListenerConfig::plain(listener.listen)
    }
}

/// Whoever asks from the same machine.
fn loopback() -> Vec<IpNet> {
    let four = std::net::Ipv4Addr::new(127, 0, 0, 0);
    let four = IpNet::new(four.into(), 8);
    let six = IpNet::from(std::net::IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));
    four.into_iter().chain([six]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config_of, problem_of};
    use super::*;

    const KRATOS: &str = "identity: { external: { public_url: http://127.0.0.1:4433 } }\n";

    fn listeners(decision: &str) -> Vec<ListenerConfig> {
        let config = config_of(&format!("{KRATOS}decision: {decision}"));
        config.proxy.unwrap().listeners
    }

    #[test]
    fn decisions_need_no_proxy_and_believe_the_same_machine() {
        let listeners = listeners("{ http: { listen: 127.0.0.1:4456 } }");
        assert_eq!(listeners.len(), 1);
        assert_eq!(listeners[0].door, ListenerDoor::Guest("forward_auth"));
        let trusted = listeners[0].trusted_proxies.as_deref().unwrap();
        let believes = |peer: &str| trusted.iter().any(|net| net.contains(&peer_of(peer)));
        assert!(believes("127.0.0.1") && believes("127.9.9.9") && believes("::1"));
        assert!(!believes("10.0.0.1") && !believes("::2"));
    }

    fn peer_of(text: &str) -> std::net::IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_doors_listeners_come_behind_those_of_the_proxy() {
        let text = format!(
            "{KRATOS}proxy: {{ listen: 127.0.0.1:1 }}
decision: {{ http: {{ listen: 127.0.0.1:2 }}, grpc: {{ listen: 'unix:/run/x.sock' }} }}"
        );
        let listeners = config_of(&text).proxy.unwrap().listeners;
        let doors: Vec<_> = listeners.iter().map(|it| it.door.name()).collect();
        assert_eq!(doors, ["proxy", "forward_auth", "ext_authz"]);
        let own: Vec<_> = listeners.iter().map(|it| &it.trusted_proxies).collect();
        assert!(own[0].is_none() && own[1].is_some());
    }

    #[test]
    fn a_proxy_that_listens_nowhere_says_how_long_a_decision_may_take_to_leave() {
        let proxy = "proxy: { listen: [], timeouts: { before_drain: 5s, drain: 7s } }\n";
        let text = format!("{KRATOS}{proxy}decision: {{ http: {{ listen: 127.0.0.1:4456 }} }}");
        let config = config_of(&text).proxy.unwrap();
        assert_eq!(config.listeners.len(), 1);
        assert_eq!(config.timeouts.before_drain.as_secs(), 5);
        assert_eq!(config.timeouts.drain.as_secs(), 7);
        let (_, why) = problem_of(&format!("{KRATOS}{proxy}"));
        assert!(why.contains("must listen somewhere"), "{why}");
    }

    #[test]
    fn a_socket_says_who_may_connect_and_an_address_does_not() {
        let socket = "{ grpc: { listen: 'unix:/run/x.sock', socket_mode: '0666' } }";
        assert_eq!(listeners(socket)[0].socket_mode.bits(), 0o666);
        for wrong in [
            "{ grpc: { listen: 127.0.0.1:1, socket_mode: '0666' } }",
            "{ grpc: { listen: 'unix:/run/x.sock', socket_mode: '0999' } }",
        ] {
            problem_of(&format!("{KRATOS}decision: {wrong}"));
        }
    }

    #[test]
    fn a_public_address_needs_the_names_of_those_who_ask() {
        let (_, why) = problem_of(&format!(
            "{KRATOS}decision: {{ http: {{ listen: 0.0.0.0:4456 }} }}"
        ));
        assert!(why.contains("whom it may believe"), "{why}");
        let named = "{ http: { listen: 0.0.0.0:4456 }, trusted_proxies: [10.0.0.0/8] }";
        let trusted = listeners(named).remove(0).trusted_proxies.unwrap();
        assert_eq!(trusted, ["10.0.0.0/8".parse().unwrap()]);
    }

    #[test]
    fn one_door_may_believe_others_than_the_other() {
        let listeners = listeners(
            "{ http: { listen: 127.0.0.1:1, trusted_proxies: [10.0.0.1/32] }, \
             grpc: { listen: 127.0.0.1:2 }, trusted_proxies: [10.0.0.2/32] }",
        );
        let own = |at: usize| listeners[at].trusted_proxies.clone().unwrap();
        assert_eq!(own(0), ["10.0.0.1/32".parse().unwrap()]);
        assert_eq!(own(1), ["10.0.0.2/32".parse().unwrap()]);
    }

    #[test]
    fn an_address_is_not_given_to_two_doors() {
        let (_, why) = problem_of(&format!(
            "{KRATOS}decision: {{ http: {{ listen: 127.0.0.1:7 }}, \
             grpc: {{ listen: 127.0.0.1:7 }} }}"
        ));
        assert!(why.contains("twice"), "{why}");
    }
}
