//! The examples as their readers start them: applications with the official SDK, and people who
//! use them.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::chromium::{Browser, ChildGuard, Setup, is_required};
use super::person::Person;
use crate::support::client::ask;
use crate::support::free_port;
use crate::support::program::Program;

const PASSWORD: &str = "seven quiet herons";
const HTML: [(&str, &str); 1] = [("Accept", "text/html")];

/// An example's folder, once its packages are installed.
fn example(name: &str, needs: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    if folder.join(needs).exists() {
        return Some(folder);
    }
    assert!(!is_required("examples"), "{name} has no {needs}");
    eprintln!("left out the example {name}: it has no {needs} (see its README.md)");
    None
}

/// A running application.
struct Application {
    origin: String,
    address: SocketAddr,
    _process: ChildGuard,
}

/// Starts the application and waits until it says that it is there.
fn start(mut command: Command, port: SocketAddr, origin: &str, word: &str) -> Application {
    let mut child = command
        .env("ORIGIN", origin)
        .env("NEXT_TELEMETRY_DISABLED", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let process = ChildGuard(child);
    let is_there = |line: &String| line.contains(word);
    let ready = lines.by_ref().map_while(Result::ok).any(|it| is_there(&it));
    assert!(ready, "the application ended");
    std::thread::spawn(move || lines.for_each(drop));
    Application {
        origin: origin.to_owned(),
        address: port,
        _process: process,
    }
}

/// The example's configuration files with other ports, so that tests can run side by side.
fn serve(folder: &Path, files: &[&str], ports: &[(&str, SocketAddr)]) -> Program {
    let texts: Vec<(&str, String)> = files
        .iter()
        .map(|file| {
            let mut text = std::fs::read_to_string(folder.join(file)).expect("a file");
            for (port, other) in ports {
                assert!(text.contains(port) || files.len() > 1, "{port} in {file}");
                text = text.replace(port, &format!(":{}", other.port()));
            }
            (*file, text)
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, &**text)).collect();
    Program::serve(&texts)
}

async fn register(browser: &Browser, person: &Person) {
    browser.fill("traits.email", &person.identifier).await;
    browser.fill("traits.name", "Ada Lovelace").await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
}

async fn log_in(browser: &Browser, person: &Person) {
    browser.fill("identifier", &person.identifier).await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
}

async fn enrol(browser: &Browser, person: &mut Person, secret: &str) {
    let secret = browser.element(secret).await;
    let secret = secret.inner_html().await.expect("the secret");
    person.secret = Some(secret.replace(' ', ""));
    second_step(browser, person).await;
}

async fn second_step(browser: &Browser, person: &mut Person) {
    browser.fill("totp_code", &person.code()).await;
    browser.click("button[name=method][value=totp]").await;
}

#[tokio::test]
async fn the_express_example_leads_people_in_through_its_own_pages() {
    let Some(folder) = example("express", "node_modules") else {
        return;
    };
    let Some(browser) = Browser::start("example-express", Setup::default()).await else {
        return;
    };
    let (gateway, port) = (free_port(), free_port());
    let files = ["stepgate.yaml", "rules/app.yaml"];
    let program = serve(&folder, &files, &[(":4455", gateway), (":3000", port)]);
    let mut command = Command::new("node");
    command.arg("server.js").current_dir(&folder);
    command.env("PORT", port.port().to_string());
    let origin = format!("http://localhost:{}", gateway.port());
    let app = start(command, port, &origin, "listening");
    let mut ada = Person::new("ada@example.com", PASSWORD);

    // The gateway wants a second factor; there is not even an account.
    let vault = format!("{origin}/vault?shelf=2");
    browser.open(&vault).await;
    browser.expect_title("Log in").await;
    browser.screenshot("login").await;
    browser.click("a[href*='/registration']").await;
    browser.expect_title("Open an account").await;
    register(&browser, &ada).await;
    browser.expect_title("Settings").await;
    browser.screenshot("settings").await;
    enrol(&browser, &mut ada, "#totp_secret_key").await;
    browser.expect_url(&vault).await;
    browser.expect_words("Good day, ada@example.com").await;
    browser.screenshot("vault").await;

    browser.open(&format!("{origin}/settings")).await;
    browser.click("#logout").await;
    browser.expect_url(&format!("{origin}/")).await;

    // The application wants one; the password alone leads to the second step, and then back.
    let diary = format!("{origin}/diary?day=today");
    browser.open(&diary).await;
    browser.expect_title("Log in").await;
    log_in(&browser, &ada).await;
    browser.expect_title("The second step").await;
    browser.screenshot("second-step").await;
    // Whoever leaves it there is led back to it, not to the password.
    let other = format!("{origin}/diary?day=tomorrow&x=%2F%2F");
    browser.open(&other).await;
    browser.expect_title("The second step").await;
    second_step(&browser, &mut ada).await;
    browser.expect_url(&other).await;
    browser.expect_words("for tomorrow").await;

    browser
        .open(&format!("{origin}/login?return_to=https://evil.example/"))
        .await;
    browser.expect_title("That did not work").await;
    browser.screenshot("refused").await;
    browser.stop().await;
    refuses_well(&app, program);
}

/// What the middleware says to programs, to liars and during an outage.
fn refuses_well(app: &Application, program: Program) {
    let to = |host: &str, path: &str| {
        let answer = ask(app.address, "GET", path, host, &HTML);
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").expect("a place").to_owned()
    };
    let login = format!("{}/auth/self-service/login/browser?return_to=", app.origin);
    let place = to("evil.example", "/diary?day=1");
    let back = format!("{}/diary?day=1", app.origin);
    let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    assert_eq!(place, format!("{login}{back}"));
    let post = ask(app.address, "POST", "/diary", "localhost", &[]);
    assert_eq!(post.status, 401);
    assert_eq!(post.json()["error"], "session_required");
    drop(program);
    let cookie = [("Cookie", "ory_kratos_session=x"), HTML[0]];
    let outage = ask(app.address, "GET", "/diary", "localhost", &cookie);
    assert_eq!(outage.status, 503, "{}", outage.head);
}

#[tokio::test]
async fn the_next_js_example_asks_for_what_is_missing_and_comes_back() {
    let Some(folder) = example("nextjs", ".next/BUILD_ID") else {
        return;
    };
    let Some(browser) = Browser::start("example-nextjs", Setup::default()).await else {
        return;
    };
    let (identity, port) = (free_port(), free_port());
    let ports = [(":4433", identity), (":3000", port)];
    let program = serve(&folder, &["stepgate.yaml"], &ports);
    let mut command = Command::new("node");
    command.args(["node_modules/next/dist/bin/next", "start", "-p"]);
    command.arg(port.port().to_string()).current_dir(&folder);
    let service = format!("http://localhost:{}", identity.port());
    command.env("IDENTITY_URL", &service);
    let origin = format!("http://localhost:{}", port.port());
    let app = start(command, port, &origin, "Ready");
    let mut ada = Person::new("ada@example.com", PASSWORD);

    let account = format!("{origin}/account");
    browser.open(&account).await;
    browser.expect_title("Log in").await;
    browser.click("a[href*='/registration']").await;
    register(&browser, &ada).await;
    browser.expect_url(&account).await;
    browser.expect_words("ada@example.com").await;
    browser.screenshot("account").await;

    let vault = format!("{origin}/vault?shelf=2");
    browser.open(&vault).await;
    browser.expect_title("Settings").await;
    enrol(&browser, &mut ada, "#totp-secret").await;
    browser.expect_url(&vault).await;
    browser.expect_words("This is shelf 2").await;
    browser.screenshot("vault").await;

    browser
        .driver
        .delete_all_cookies()
        .await
        .expect("no cookies");
    browser.open(&account).await;
    browser.expect_title("Log in").await;
    log_in(&browser, &ada).await;
    browser.expect_title("Confirm it’s you").await;
    browser.open(&vault).await;
    browser.expect_title("Confirm it’s you").await;
    second_step(&browser, &mut ada).await;
    browser.expect_url(&vault).await;
    browser.stop().await;

    let liar = ask(app.address, "GET", "/vault", "evil.example", &HTML);
    let place = liar.header("location").expect("a place");
    assert!(place.starts_with(&service), "{place}");
    assert!(!place.contains("evil.example"), "{place}");
    let post = ask(app.address, "POST", "/vault", "localhost", &[]);
    assert_eq!(
        (post.status, &post.json()["error"]),
        (401, &"session_required".into())
    );
    drop(program);
    let cookie = [("Cookie", "ory_kratos_session=x"), HTML[0]];
    let outage = ask(app.address, "GET", "/vault", "localhost", &cookie);
    assert_eq!(outage.status, 503, "{}", outage.head);
}
