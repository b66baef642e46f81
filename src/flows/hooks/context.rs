//! What a hook's program is given: `ctx`.

use serde_json::{Map, Value, json};

use crate::flows::answer::Failure;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::{Identity, Session};

/// Names in a URL's query whose values open something.
const SECRET_PARAMETERS: [&str; 6] = [
    "token",
    "code",
    "state",
    "return_to_code",
    "init_code",
    "login_challenge",
];
/// Groups whose nodes hold what proves somebody.
const SECRET_GROUPS: [&str; 5] = ["totp", "lookup_secret", "webauthn", "passkey", "code"];

/// What the flow has come to when a hook runs.
#[derive(Clone, Default)]
pub(in crate::flows) struct HookFacts {
    /// Who it is about.
    pub(in crate::flows) identity: Option<Identity>,
    /// The session that was opened or raised.
    pub(in crate::flows) session: Option<Session>,
}

impl HookFacts {
    /// An identity and its session.
    pub(in crate::flows) fn with_session(identity: &Identity, session: &Session) -> Self {
        Self {
            identity: Some(identity.clone()),
            session: Some(session.clone()),
        }
    }

    /// An identity and nothing else.
    pub(in crate::flows) fn of(identity: &Identity) -> Self {
        Self {
            identity: Some(identity.clone()),
            session: None,
        }
    }
}

impl Service {
    /// `ctx` of a hook's program. Nothing in it opens anything: no token, no code, no secret of a
    /// factor, and none of our cookies.
    pub(super) fn hook_context(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        facts: &HookFacts,
    ) -> Result<Value, Failure> {
        let flow = record.render(&self.site, None, None);
        let mut flow = serde_json::to_value(flow).map_err(internal)?;
        without_secrets(&mut flow);
        if let (Some(sent), Some(members)) = (&record.sent_for_hooks, flow.as_object_mut()) {
            members.insert("transient_payload".to_owned(), sent.clone());
        }
        let mut context = json!({
            "flow": flow,
            "request_headers": visitor.told.headers,
            "request_method": visitor.told.method,
            "request_url": without_secret_parameters(&visitor.request_url),
            "request_cookies": visitor.told.cookies,
        });
        if let Some(members) = context.as_object_mut() {
            self.add_people(members, facts)?;
        }
        Ok(context)
    }

    fn add_people(
        &self,
        members: &mut Map<String, Value>,
        facts: &HookFacts,
    ) -> Result<(), Failure> {
        if let Some(identity) = &facts.identity {
            let shown = serde_json::to_value(self.show_identity(identity)).map_err(internal)?;
            members.insert("identity".to_owned(), shown);
            if let Some(session) = &facts.session {
                let shown = self.show_session(session, identity);
                let shown = serde_json::to_value(shown).map_err(internal)?;
                members.insert("session".to_owned(), shown);
            }
        }
        Ok(())
    }
}

fn without_secrets(flow: &mut Value) {
    if let Some(url) = flow.get("request_url").and_then(Value::as_str) {
        let url = without_secret_parameters(url);
        if let Some(members) = flow.as_object_mut() {
            members.insert("request_url".to_owned(), url.into());
        }
    }
    let Some(nodes) = flow.pointer_mut("/ui/nodes").and_then(Value::as_array_mut) else {
        return;
    };
    nodes.retain(|node| {
        let group = node
            .get("group")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let name = node.pointer("/attributes/name").and_then(Value::as_str);
        let secret = matches!(name, Some("csrf_token" | "password"));
        !SECRET_GROUPS.contains(&group) && !secret
    });
}

fn without_secret_parameters(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return String::new();
    };
    let pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
    if !pairs
        .iter()
        .any(|(name, _)| SECRET_PARAMETERS.contains(&name.as_str()))
    {
        return url.to_owned();
    }
    parsed
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs.iter().map(|(name, value)| {
            let secret = SECRET_PARAMETERS.contains(&name.as_str());
            (
                name.as_str(),
                if secret { "redacted" } else { value.as_str() },
            )
        }));
    parsed.to_string()
}
