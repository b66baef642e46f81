//! A headless Chromium, driven over WebDriver.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use thirtyfour::common::command::{Command as ThirtyfourCommand, ExtensionCommand};
use thirtyfour::prelude::*;

/// How long a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a browser is set up.
#[derive(Clone, Copy, Default)]
pub(super) struct Setup {
    pub(super) without_javascript: bool,
    pub(super) dark: bool,
    /// CSS pixels; 0 for 1280.
    pub(super) width: u32,
}

/// A browser of its own for one test, with an empty profile.
pub(super) struct Browser {
    pub(super) driver: WebDriver,
    /// Whether pages may run scripts, those of a test among them.
    pub(super) runs_scripts: bool,
    screenshots: PathBuf,
    shots: std::cell::Cell<u32>,
    _chromedriver: ChildGuard,
}

/// Ends the process with the test.
pub(super) struct ChildGuard(pub(super) Child);

impl Drop for ChildGuard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
}

/// Whether tests that need this must not be left out.
pub(super) fn is_required(what: &str) -> bool {
    std::env::var("STEPGATE_TEST_REQUIRE").is_ok_and(|list| list.contains(what))
}

impl Browser {
    /// Starts a browser; `None`, with a word about it, where there is none.
    pub(super) async fn start(test: &str, setup: Setup) -> Option<Self> {
        let chromium = find_program(&["chromium", "chromium-browser", "google-chrome"]);
        let (Some(chromium), Some(chromedriver)) = (chromium, find_program(&["chromedriver"]))
        else {
            assert!(
                !is_required("browser"),
                "chromium or chromedriver is not installed"
            );
            eprintln!("left out {test}: chromium and chromedriver are not both installed");
            return None;
        };
        let (guard, port) = start_chromedriver(&chromedriver);
        let url = format!("http://127.0.0.1:{port}");
        let driver = WebDriver::new(url, capabilities(&chromium, setup))
            .await
            .expect("a browser session");
        let screenshots = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/screenshots")
            .join(test);
        std::fs::create_dir_all(&screenshots).expect("a folder for screenshots");
        let browser = Self {
            driver,
            runs_scripts: !setup.without_javascript,
            screenshots,
            shots: std::cell::Cell::new(0),
            _chromedriver: guard,
        };
        browser
            .set_width(if setup.width == 0 { 1280 } else { setup.width })
            .await;
        browser.set_dark(setup.dark).await;
        Some(browser)
    }

    pub(super) async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.driver
            .cdp()
            .send_raw(command, parameters)
            .await
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub(super) async fn set_width(&self, width: u32) {
        let size = json!({
            "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false
        });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub(super) async fn set_dark(&self, dark: bool) {
        let theme = if dark { "dark" } else { "light" };
        // Without motion, or a look right after it would find colours on their way.
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": theme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.cdp("Emulation.setEmulatedMedia", media).await;
    }

    /// Opens an address.
    pub(super) async fn open(&self, url: &str) {
        self.driver.goto(url).await.expect("the page");
    }

    pub(super) async fn url(&self) -> String {
        self.driver
            .current_url()
            .await
            .expect("an address")
            .to_string()
    }

    pub(super) async fn title(&self) -> String {
        self.driver.title().await.expect("a title")
    }

    /// The words of the page; none while one page gives way to the next.
    pub(super) async fn words(&self) -> String {
        match self.driver.find(By::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits for the page whose title begins like this.
    pub(super) async fn expect_title(&self, start: &str) {
        self.expect(start, async || self.title().await.starts_with(start))
            .await;
    }

    /// Waits for a page that says this.
    pub(super) async fn expect_words(&self, text: &str) {
        self.expect(text, async || self.words().await.contains(text))
            .await;
    }

    /// Waits to be at this address.
    pub(super) async fn expect_url(&self, url: &str) {
        self.expect(url, async || self.url().await == url).await;
    }

    async fn expect(&self, what: &str, is_there: impl AsyncFn() -> bool) {
        let start = Instant::now();
        while !is_there().await {
            if start.elapsed() > PATIENCE {
                let (url, words) = (self.url().await, self.words().await);
                panic!("expected {what:?} on {url}, which says:\n{words}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn element(&self, css: &str) -> WebElement {
        match self.driver.find(By::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!(
                "no {css} on {}: {error}\n{}",
                self.url().await,
                self.words().await
            ),
        }
    }

    /// Puts text into the field of this name.
    pub(super) async fn fill(&self, name: &str, text: &str) {
        let field = self
            .element(&format!("input[name='{name}']:not([type=hidden])"))
            .await;
        field.clear().await.expect("an empty field");
        field.send_keys(text).await.expect("text in a field");
    }

    /// Clicks and waits until the next page is there, as WebDriver does.
    pub(super) async fn click(&self, css: &str) {
        self.element(css).await.click().await.expect("a click");
    }

    /// Presses keys wherever the focus is.
    pub(super) async fn press(&self, keys: impl Into<TypingData>) {
        let active = self.driver.active_element().await.expect("a focus");
        active.send_keys(keys).await.expect("keys");
    }

    /// The whole page as a picture, numbered in the order of the test.
    pub(super) async fn screenshot(&self, name: &str) {
        self.shots.set(self.shots.get() + 1);
        let layout = self.cdp("Page.getLayoutMetrics", json!({})).await;
        let size = &layout["cssContentSize"];
        let picture = json!({
            "format": "png",
            "captureBeyondViewport": true,
            "clip": { "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 }
        });
        let answer = self.cdp("Page.captureScreenshot", picture).await;
        let png = base64::engine::general_purpose::STANDARD
            .decode(answer["data"].as_str().expect("a picture"))
            .expect("base64");
        let file = format!("{:02}-{name}.png", self.shots.get());
        std::fs::write(self.screenshots.join(file), png).expect("a file");
    }

    /// Whether something sticks out at the side.
    pub(super) async fn is_too_wide(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > window.innerWidth";
        let answer = self
            .driver
            .execute(script, Vec::new())
            .await
            .expect("an answer");
        answer.convert().expect("true or false")
    }

    /// What the page and all that it loads weigh, in bytes, without headers and compression.
    pub(super) async fn weight(&self) -> u64 {
        let script = "return performance.getEntries().reduce(\
                      (sum, entry) => sum + (entry.decodedBodySize || 0), 0)";
        let answer = self.driver.execute(script, Vec::new()).await;
        answer.expect("an answer").convert().expect("a number")
    }

    /// What the console said since it was last asked, but for answers that are meant to refuse.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let answer = self
            .driver
            .handle()
            .cmd(ThirtyfourCommand::ExtensionCommand(Box::new(ConsoleLog)))
            .await
            .expect("the console");
        let entries: Vec<Value> = answer.value().expect("entries");
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .filter(|message| !message.contains("the server responded with a status of 4"))
            .collect()
    }

    pub(super) async fn stop(self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the console says {complaints:#?}");
        self.driver.clone().quit().await.expect("an end");
    }
}

/// Chromium's log of console messages and reports.
#[derive(Debug)]
struct ConsoleLog;

impl ExtensionCommand for ConsoleLog {
    fn parameters_json(&self) -> Option<Value> {
        Some(json!({ "type": "browser" }))
    }

    fn method(&self) -> http::Method {
        http::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        Arc::from("/se/log")
    }
}

/// It takes a port for IPv4 and the same for IPv6; on a busy machine the second may be somebody
/// else's by then, and it gives up.
fn start_chromedriver(program: &Path) -> (ChildGuard, u16) {
    let started = (0..5).find_map(|_| try_chromedriver(program));
    started.expect("the port of chromedriver")
}

fn try_chromedriver(program: &Path) -> Option<(ChildGuard, u16)> {
    let mut child = Command::new(program)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver");
    let stdout = child.stdout.take().expect("its output");
    let guard = ChildGuard(child);
    let mut lines = BufReader::new(stdout).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("started successfully on port ")?;
        rest.trim_end_matches('.').trim().parse().ok()
    })?;
    // It writes more later, and must not be stopped by a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Some((guard, port))
}

fn capabilities(chromium: &Path, setup: Setup) -> Capabilities {
    let scripts = if setup.without_javascript { 2 } else { 1 };
    let options = json!({
        "binary": chromium,
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--hide-scrollbars", "--lang=en-US", "--no-first-run",
        ],
        "prefs": {
            "profile.managed_default_content_settings.javascript": scripts,
            "credentials_enable_service": false,
        },
    });
    let all = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(all) = all else {
        unreachable!("an object")
    };
    all.into()
}
