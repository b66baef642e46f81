//! `selfservice`: where flows lead and what follows them.

use std::time::Duration;

use serde_json::json;

use super::hook::read as hooks;
use super::values::{GoDuration, WrittenUrl};
use super::{Form, refuse_node};
use crate::document::{Fields, FromNode as _, Node, Reading};
use crate::identity::settings::{
    AfterFlow, AfterMethod, FlowSettings, LoginStyle, LogoutSettings, RecoverySettings,
    RegistrationSettings, RegistrationStyle, RequiredAal, SelfService, SettingsFlowSettings,
    Strategy,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Methods that a flow's `after` may name.
const METHODS: [&str; 12] = [
    "password",
    "oidc",
    "saml",
    "webauthn",
    "passkey",
    "lookup_secret",
    "totp",
    "code",
    "link",
    "profile",
    "deviceauthn",
    "identifier_first",
];

pub(super) fn read(
    section: &mut Fields<'_, '_>,
    form: Form,
    notices: &mut Vec<String>,
) -> SelfService {
    let default_return: Option<WrittenUrl> = match form {
        Form::Alone => section.required("default_browser_return_url"),
        Form::Embedded { .. } => section.get("default_browser_return_url"),
    };
    let allowed: Vec<String> = section.get("allowed_return_urls").unwrap_or_default();
    section.within("flows", |flows| {
        let (login, login_style) = flows.within("login", |inner| {
            let flow = flow(inner, notices);
            (flow, inner.or("style", LoginStyle::Unified))
        });
        let registration = flows.within("registration", |inner| registration(inner, notices));
        let settings = flows.within("settings", |inner| settings(inner, notices));
        let recovery = flows.within("recovery", |inner| recovery_like(inner, notices));
        let verification = flows.within("verification", |inner| recovery_like(inner, notices));
        let logout = flows.within("logout", logout);
        let error_ui_url = flows.within("error", |inner| url(inner, "ui_url"));
        SelfService {
            default_return_url: default_return.map(|url| url.0).unwrap_or_default(),
            allowed_return_urls: allowed,
            login,
            login_style,
            registration,
            settings,
            recovery,
            verification,
            logout,
            error_ui_url,
        }
    })
}

fn url(section: &mut Fields<'_, '_>, key: &'static str) -> String {
    let written: Option<WrittenUrl> = section.get(key);
    written.map(|url| url.0).unwrap_or_default()
}

fn flow(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> FlowSettings {
    let before = section.within("before", |inner| {
        let node = inner.raw("hooks", json!({"type": "array"}));
        node.map(|node| hooks(node, inner.reading(), notices))
    });
    let after = section
        .raw("after", json!({"type": "object"}))
        .map(|node| read_after(node, section.reading(), notices));
    FlowSettings {
        ui_url: url(section, "ui_url"),
        lifespan: section.or("lifespan", GoDuration(HOUR)).0,
        before: before.unwrap_or_default(),
        after: after.unwrap_or_default(),
    }
}

fn registration(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> RegistrationSettings {
    let written: Option<RegistrationStyle> = section.get("style");
    let one_step = section.or("enable_legacy_one_step", false);
    let style = if one_step {
        RegistrationStyle::Unified
    } else {
        written.unwrap_or(RegistrationStyle::ProfileFirst)
    };
    RegistrationSettings {
        enabled: section.or("enabled", true),
        flow: flow(section, notices),
        style,
        login_hints: section.or("login_hints", false),
    }
}

fn settings(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> SettingsFlowSettings {
    SettingsFlowSettings {
        flow: flow(section, notices),
        privileged_session_max_age: section.or("privileged_session_max_age", GoDuration(HOUR)).0,
        required_aal: section.or("required_aal", RequiredAal::HighestAvailable),
    }
}

fn recovery_like(section: &mut Fields<'_, '_>, notices: &mut Vec<String>) -> RecoverySettings {
    RecoverySettings {
        enabled: section.or("enabled", false),
        flow: flow(section, notices),
        strategy: section.or("use", Strategy::Code),
        notify_unknown_recipients: section.or("notify_unknown_recipients", false),
    }
}

fn logout(section: &mut Fields<'_, '_>) -> LogoutSettings {
    let return_url: Option<WrittenUrl> =
        section.within("after", |after| after.get("default_browser_return_url"));
    LogoutSettings {
        return_url: return_url.map(|url| url.0),
        clear_browser_data: section.or("clear_browser_data", false),
    }
}

/// `after`: keys of its own beside the names of methods.
fn read_after(node: &Node, reading: &mut Reading, notices: &mut Vec<String>) -> AfterFlow {
    let mut after = AfterFlow::default();
    let Some(entries) = node.as_map() else {
        if !node.is_null() {
            refuse_node(
                reading,
                node,
                format!("expected a section, found {}", node.described()),
            );
        }
        return after;
    };
    for entry in entries {
        match &*entry.key.text {
            "default_browser_return_url" => after.return_url = return_url(&entry.value, reading),
            "hooks" => after.hooks = hooks(&entry.value, reading, notices),
            method if METHODS.contains(&method) => {
                let read = after_method(&entry.value, reading, notices);
                after.by_method.push((method.to_owned(), read));
            }
            other => {
                let message = format!("unknown key or method `{other}`");
                refuse_node(reading, &entry.value, message);
            }
        }
    }
    after
}

fn after_method(node: &Node, reading: &mut Reading, notices: &mut Vec<String>) -> AfterMethod {
    let mut after = AfterMethod::default();
    for entry in node.as_map().unwrap_or_default() {
        match &*entry.key.text {
            "default_browser_return_url" => after.return_url = return_url(&entry.value, reading),
            "hooks" => after.hooks = Some(hooks(&entry.value, reading, notices)),
            other => refuse_node(reading, &entry.value, format!("unknown key `{other}`")),
        }
    }
    after
}

fn return_url(node: &Node, reading: &mut Reading) -> Option<String> {
    WrittenUrl::from_node(node, reading).map(|url| url.0)
}
