//! What people do with their identity: sign in, sign up, change their account, sign out.
//!
//! Each use case loads a flow, takes one step, saves, and says what to answer to programs and to
//! browsers; the door only picks one of the two.

mod answer;
mod audited;
mod change_mails;
mod code;
mod current;
mod errors;
mod exchange;
mod flow_step;
mod flow_store;
pub mod form;
mod hasher;
mod hooks;
mod keys;
mod login;
mod login_done;
mod login_identifier;
mod login_methods;
mod logout;
mod lookup;
mod mailbox;
mod oidc;
mod parked;
mod password_rules;
pub mod qr;
mod record;
mod recovery;
mod registration;
mod registration_done;
mod resolve;
mod return_to;
mod service;
mod sessions;
mod settings;
mod settings_methods;
mod shape;
mod site;
mod throttle;
mod tokenize;
mod traits;
mod verification;
mod views;
mod visitor;

pub use crate::contract::Problem;
pub use answer::{Answer, Browser, Failure, Outcome, Program};
pub use current::{Carrier, Current};
pub use hasher::{Checked, PasswordError, PasswordHasher};
pub use keys::KeyOffer;
pub use mailbox::MailboxItem;
pub use parked::CONTINUITY_COOKIE;
pub use record::{FlowRecord, Opening};
pub use recovery::{Handover, HandoverError};
pub use resolve::{Resolved, Worth};
pub use return_to::OwnPlaces;
pub use service::Service;
pub use sessions::links;
pub use site::Site;
pub use throttle::DEVICE_COOKIE;
pub use views::{FlowView, Person, SessionView};
pub use visitor::{BrowserMarks, Submission, ToldToHooks, Visitor, Wants};
