//! What a client is to do after a flow succeeded.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One thing to do next; clients tell them apart by `action`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ContinueWith {
    /// Send the browser somewhere.
    RedirectBrowserTo {
        /// An absolute URL that passed the allow-list.
        redirect_browser_to: String,
    },
    /// Keep the session token (native clients).
    SetOrySessionToken {
        /// The token.
        ory_session_token: String,
    },
    /// Show the form for a verification code.
    ShowVerificationUi {
        /// Which flow.
        flow: ContinueWithFlow,
    },
    /// Show the settings.
    ShowSettingsUi {
        /// Which flow.
        flow: ContinueWithFlow,
    },
    /// Show the recovery form.
    ShowRecoveryUi {
        /// Which flow.
        flow: ContinueWithFlow,
    },
}

/// A flow that a client is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContinueWithFlow {
    /// The flow's id.
    pub id: Uuid,
    /// The address being verified; verification only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifiable_address: Option<String>,
    /// The page for it; absent for native clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
