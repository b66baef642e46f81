//! Somebody with a password and, later, an app on the phone.

use std::time::{Duration, SystemTime};

use crate::support::demo::Demo;
use stepgate::identity::credential::totp::{PERIOD_SECONDS, TotpSecret};

pub(super) struct Person {
    pub(super) identifier: String,
    pub(super) password: String,
    /// Base32, once there is an app.
    pub(super) secret: Option<String>,
    /// The time step of the last code that was used.
    pub(super) used_step: i64,
}

impl Person {
    pub(super) fn new(identifier: &str, password: &str) -> Self {
        Self {
            identifier: identifier.to_owned(),
            password: password.to_owned(),
            secret: None,
            used_step: 0,
        }
    }

    /// One of the demo's ready users.
    pub(super) fn ready(demo: &Demo, name: &str) -> Self {
        let user = demo.user(name);
        let text = |key: &str| user[key].as_str().map(str::to_owned);
        Self {
            identifier: text("identifier").expect("an identifier"),
            password: text("password").expect("a password"),
            secret: text("totp_secret"),
            used_step: 0,
        }
    }

    /// A code that was not used before. A used code is refused until the next one is due, but the
    /// next one is taken already: clocks may differ by one step.
    pub(super) fn code(&mut self) -> String {
        let secret = self.secret.as_deref().expect("an app");
        let secret = TotpSecret::from_base32(secret).expect("base32");
        let mut step = Self::step();
        if step <= self.used_step {
            step = self.used_step + 1;
        }
        while step > Self::step() + 1 {
            std::thread::sleep(Duration::from_millis(200));
        }
        self.used_step = step;
        secret.code(step)
    }

    fn step() -> i64 {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("a time");
        i64::try_from(now.as_secs()).expect("a time") / PERIOD_SECONDS
    }
}
