//! New passwords are looked up among those of data leaks, without being told.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::json;
use stepgate::identity::settings::Settings;

use super::world::{World, node};

/// A password that the server below knows.
const LEAKED: &str = "a-leaked-Password-7";

/// Says that [`LEAKED`] was seen so often, to every question; keeps what it was asked.
fn leaks(times: u64) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap_or(0);
            heard
                .lock()
                .unwrap()
                .push(String::from_utf8_lossy(&buffer[..read]).into_owned());
            let digest = aws_lc_rs::digest::digest(
                &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
                LEAKED.as_bytes(),
            );
            let digits: String = digest.as_ref().iter().map(|b| format!("{b:02X}")).collect();
            let body = format!("{}:0\r\n{}:{times}\r\n", "0".repeat(35), &digits[5..]);
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
        }
    });
    (url, asked)
}

fn with(host: String) -> impl FnOnce(&mut Settings) {
    move |settings| {
        let password = &mut settings.methods.password;
        password.breach_check = true;
        password.breach_host = host;
        password.ignore_network_errors = false;
    }
}

/// Signs up and gives the id of what is said beside the password.
fn sign_up(world: &World, email: &str, password: &str) -> Option<u64> {
    let mut client = world.native();
    let flow = client.open("registration", "");
    let fields = json!({"method": "password", "password": password, "traits": {"email": email}});
    let answer = client.submit(&flow, fields);
    if answer.status == 200 {
        return None;
    }
    node(&answer.json(), "password")["messages"][0]["id"].as_u64()
}

#[test]
fn a_leaked_password_is_refused_and_only_five_digits_of_its_hash_leave() {
    let (host, asked) = leaks(3);
    let world = World::start(with(host));
    assert_eq!(sign_up(&world, "ada@bank.example", LEAKED), Some(4_000_034));
    assert_eq!(
        sign_up(&world, "bob@bank.example", "another-Password-8"),
        None
    );
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    for request in &*asked {
        let line = request.lines().next().unwrap();
        let digits = line.strip_prefix("GET /range/").unwrap();
        let digits = digits.strip_suffix(" HTTP/1.1").unwrap();
        assert_eq!(digits.len(), 5, "{line}");
        assert!(
            request.to_lowercase().contains("add-padding: true"),
            "{request}"
        );
        assert!(!request.contains("bank.example"), "{request}");
    }
}

#[test]
fn a_changed_password_is_looked_up_too_and_so_many_leaks_may_be_allowed() {
    let (host, _asked) = leaks(3);
    let world = World::start(with(host.clone()));
    world.person("ada@bank.example");
    let mut own = world.browser();
    own.sign_in("ada@bank.example");
    let flow = own.open("settings", "");
    let refused = own.submit(&flow, json!({"method": "password", "password": LEAKED}));
    assert_eq!(
        node(&refused.json(), "password")["messages"][0]["id"],
        4_000_034
    );

    let lax = World::start(|settings| {
        with(host)(settings);
        settings.methods.password.max_breaches = 3;
    });
    assert_eq!(sign_up(&lax, "ada@bank.example", LEAKED), None);
}

#[test]
fn where_nobody_answers_the_configuration_says_whether_the_password_passes() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let strict = World::start(with(host.clone()));
    let told = sign_up(&strict, "ada@bank.example", "another-Password-8");
    assert_eq!(told, Some(4_000_005));
    let lax = World::start(|settings| {
        with(host)(settings);
        settings.methods.password.ignore_network_errors = true;
    });
    assert_eq!(
        sign_up(&lax, "ada@bank.example", "another-Password-8"),
        None
    );
}
