//! Decisions tried out with nobody there: why a request would be answered as it would, whether
//! cases come as expected, and what another set of rules would change.
//!
//! Nothing here decides: `policy` does, and `authz` words the answers, as for requests that come
//! over the wire.

mod asked;
mod case;
pub mod diff;
mod expectation;
mod explained;
mod person;
mod places;
mod posed;
mod report;
mod stage;
mod text;
mod trial;
mod words;

pub use asked::{Asked, AskedError};
pub use case::{Case, CaseFile};
pub use expectation::{Comparison, Expectation, ExpectedReply};
pub use explained::{Checked, Considered, Explained, Named, Reply};
pub use person::{Factors, Person, Step, When};
pub use places::Places;
pub use posed::{Misused, Posed, PosedWords};
pub use report::{report_as_json, report_as_junit, report_as_text};
pub use stage::Stage;
pub use text::to_text;
pub use trial::{Outcome, Ran};
pub use words::WordError;
