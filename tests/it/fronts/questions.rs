//! How often the identity service is asked when people come through a front.

use std::thread;

use jiff::Timestamp;

use super::world::{HOST, STRANGER};
use super::{Front, start};
use crate::support::client::Connection;
use crate::support::gateway::session;

const CLIENTS: usize = 32;
const REQUESTS: usize = 5;

/// Many requests of one person through `front`, at once and one after the other, cost one question.
pub(super) fn run(front: &dyn Front) {
    let Some((world, started)) = start(front, Timestamp::now()) else {
        return;
    };
    let address = started.address;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            thread::spawn(move || {
                let cookie = session("aal2");
                let request =
                    format!("GET /transfer/a HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n\r\n");
                let open = || Connection::open_from(STRANGER, address);
                let mut connection = open();
                let ask = |count: usize| {
                    connection.send(&request);
                    match connection.answer() {
                        Some(answer) => answer.status,
                        // A server with much to do may close what it keeps open.
                        None if count > 0 => {
                            connection = open();
                            connection.ask(&request).status
                        }
                        None => panic!("no answer"),
                    }
                };
                (0..REQUESTS).map(ask).collect::<Vec<_>>()
            })
        })
        .collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), [200; REQUESTS], "{}", started.log());
    }
    assert_eq!(world.application.received().len(), CLIENTS * REQUESTS);
    assert_eq!(world.identity.calls(), 1, "{}", front.name());
}
