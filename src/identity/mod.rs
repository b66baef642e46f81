//! Identities, credentials and sessions: what is true of them, without where they are kept.
//!
//! Pure: no I/O, no clock (time is an argument), no framework. Follows the Kratos contract in
//! names, values and shapes.

pub mod code;
pub mod cookie;
pub mod credential;
pub mod event;
pub mod id;
mod logout_token;
pub mod person;
pub mod schema;
pub mod session;
pub mod settings;
pub mod throttle;
pub mod token;
pub mod webauthn;

pub use credential::{Credential, CredentialType, Credentials};
pub use event::{IdentityEvent, Listener};
pub use id::{ErrorId, FlowId, IdentityId, MailId, SessionId};
pub use person::{
    Channel, Identity, IdentityState, RecoveryAddress, VerifiableAddress, VerificationStatus,
};
pub use session::{AmrEntry, Device, Session, compute_aal};
pub use token::{SessionToken, TokenHash};
