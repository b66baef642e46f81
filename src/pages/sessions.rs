//! Where the person is signed in.

use askama::Template;
use jiff::Timestamp;

use super::Locale;
use super::flow::Account;
use super::view::{self, Frame, Shell};

/// The list of the person's sessions. Its forms send `csrf_token` and `end`, which is a session
/// id or [`SessionsPage::END_OTHERS`].
#[derive(Clone, Debug)]
pub struct SessionsPage {
    /// Whose sessions.
    pub account: Option<Account>,
    /// Where the forms are sent.
    pub action: String,
    /// Goes with the forms.
    pub csrf_token: String,
    /// The sessions, the current one first.
    pub rows: Vec<SessionRow>,
    /// The settings page.
    pub settings_url: Option<String>,
}

impl SessionsPage {
    /// The value of `end` that ends all sessions but the current one.
    pub const END_OTHERS: &'static str = "others";
}

/// One session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Session id.
    pub id: String,
    /// The session that looks at the page.
    pub current: bool,
    /// `User-Agent` of its last device.
    pub user_agent: Option<String>,
    /// Address of its last device.
    pub ip_address: Option<String>,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// Two factors were used.
    pub two_factors: bool,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsTemplate<'a> {
    frame: Frame<'a>,
    page: &'a SessionsPage,
    rows: Vec<RowView<'a>>,
}

struct RowView<'a> {
    row: &'a SessionRow,
    device: String,
    authenticated: String,
}

pub(super) fn render(shell: Shell<'_>, page: &SessionsPage) -> String {
    let say = shell.say;
    let mut frame = Frame::new(shell, say.text("sessions-title").into_owned());
    frame.account = page.account.as_ref();
    let rows = page
        .rows
        .iter()
        .map(|row| RowView {
            device: device(row.user_agent.as_deref())
                .unwrap_or_else(|| say.text("unknown-device").into_owned()),
            authenticated: day_and_time(row.authenticated_at, say.locale()),
            row,
        })
        .collect();
    view::document(&SessionsTemplate { frame, page, rows })
}

/// `Firefox on Linux`, as far as the header tells. Order matters: most browsers also name the
/// ones that they descend from.
fn device(user_agent: Option<&str>) -> Option<String> {
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let agent = user_agent?;
    let named = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser}, {system}")),
        (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) => None,
    }
}

pub(super) fn day_and_time(time: Timestamp, locale: Locale) -> String {
    let format = match locale {
        Locale::English => "%-d %b %Y, %H:%M UTC",
        Locale::German => "%-d.%-m.%Y, %H:%M UTC",
    };
    time.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_people_know_it() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox, Linux",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari, macOS",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                 Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge, Windows",
            ),
            ("curl/8.5.0", "curl"),
        ];
        for (agent, name) in cases {
            assert_eq!(device(Some(agent)).as_deref(), Some(name));
        }
        assert_eq!(device(Some("made up")), None);
        assert_eq!(device(None), None);
    }

    #[test]
    fn times_are_written_as_the_language_has_them() {
        let time = Timestamp::from_second(1_795_299_360).expect("a time");
        assert_eq!(
            day_and_time(time, Locale::English),
            "21 Nov 2026, 22:16 UTC"
        );
        assert_eq!(day_and_time(time, Locale::German), "21.11.2026, 22:16 UTC");
    }
}
