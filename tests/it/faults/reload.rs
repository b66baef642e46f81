//! Changing rules while requests flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::{Gateway, rules};
use crate::support::client::get;
use crate::support::eventually;
use crate::support::server::Server;

/// Asks the open part all the time; counts what is not 200.
struct Traffic {
    stop: Arc<AtomicBool>,
    wrong: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    thread: thread::JoinHandle<()>,
}

impl Traffic {
    fn on(gateway: &Gateway) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (wrong, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let shared = (Arc::clone(&stop), Arc::clone(&wrong), Arc::clone(&asked));
        let address = gateway.address;
        let thread = thread::spawn(move || {
            let (stop, wrong, asked) = shared;
            while !stop.load(Ordering::SeqCst) {
                asked.fetch_add(1, Ordering::SeqCst);
                if get(address, "app.test", "/open", "").status() != Some(200) {
                    wrong.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self {
            stop,
            wrong,
            asked,
            thread,
        }
    }

    /// How many requests went wrong, of how many.
    fn end(self) -> (usize, usize) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        (
            self.wrong.load(Ordering::SeqCst),
            self.asked.load(Ordering::SeqCst),
        )
    }
}

#[test]
fn broken_rules_leave_the_old_ones_in_force() {
    let upstream = Server::echo();
    let gateway = Gateway::before(&upstream);
    let good = rules(upstream.address);
    let broken = [
        String::from("rules: ["),
        String::from("just text"),
        good.replace("id: open", "id: vault"),
        good.replace("required_aal: aal2", "required_aal: aal2, colour: red"),
        good.replace("upstream: app }", "upstream: nowhere }"),
        good[..good.len() / 2].to_owned(),
        "a: &a [x, x]\nb: [*a, *a]\n".repeat(1000),
    ];
    let traffic = Traffic::on(&gateway);
    for text in &broken {
        let lines = gateway.program.output().lines().count();
        gateway.program.write("rules/app.yaml", text);
        gateway.program.signal("HUP");
        let said = eventually(|| {
            gateway
                .program
                .output()
                .lines()
                .skip(lines)
                .any(is_rejection)
        });
        assert!(
            said,
            "nothing was said about {text:.60}\n{}",
            gateway.program.output()
        );
        let guarded = get(gateway.address, "app.test", "/vault/x", "").status();
        assert_eq!(guarded, Some(401), "{text:.60}");
        let ready = get(gateway.admin(), "127.0.0.1", "/health/ready", "").status();
        assert_eq!(ready, Some(200), "{text:.60}");
    }
    let (wrong, asked) = traffic.end();
    assert!(asked > 10);
    assert_eq!(wrong, 0, "of {asked} requests");
}

/// A line of the log that says that a reload was turned down.
fn is_rejection(line: &str) -> bool {
    let loud = line.contains("\"WARN\"") || line.contains("\"ERROR\"");
    loud && (line.contains("reload") || line.contains("rules"))
}

#[test]
fn a_rule_that_is_tightened_holds_from_the_next_request_on() {
    let upstream = Server::echo();
    let gateway = Gateway::before(&upstream);
    let good = rules(upstream.address);
    for _ in 0..20 {
        let tight = good.replace("required_aal: none", "required_aal: aal1");
        gateway.program.write("rules/app.yaml", &tight);
        gateway.program.signal("HUP");
        let closed =
            eventually(|| get(gateway.address, "app.test", "/x", "").status() == Some(401));
        assert!(closed, "{}", gateway.program.output());
        gateway.program.write("rules/app.yaml", &good);
        gateway.program.signal("HUP");
        let open = eventually(|| get(gateway.address, "app.test", "/x", "").status() == Some(200));
        assert!(open, "{}", gateway.program.output());
    }
}
