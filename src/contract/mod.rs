//! The JSON that clients of the Kratos API rely on: sessions, identities, flows with their UI
//! nodes and messages, and the error envelope. Shapes only: nothing here decides anything.
//!
//! Names, nesting and which keys may be left out follow the public Kratos API description; message
//! ids are Kratos' own numbers, the sentences are ours.

mod continue_with;
mod error;
mod flow;
mod identity;
mod message;
mod node;
mod order;
mod problem;
mod script;
mod session;
pub mod texts;

pub use continue_with::{ContinueWith, ContinueWithFlow};
pub use error::{ErrorBody, ErrorEnvelope};
pub use flow::{Flow, FlowKind, FlowState, NoOrganization, Transport, Ui};
pub use identity::{Identity, RecoveryAddress, VerifiableAddress};
pub use message::{Message, MessageKind};
pub use node::{
    AnchorAttributes, Attributes, DivAttributes, ImageAttributes, InputAttributes, InputKind,
    Label, Node, NodeGroup, NodeKind, ScriptAttributes, TextAttributes,
};
pub use order::sort_nodes;
pub use problem::Problem;
pub use script::{SECURITY_KEY_SCRIPT, SECURITY_KEY_SCRIPT_PATH};
pub use session::{AuthenticationMethodEntry, Device, Session};
