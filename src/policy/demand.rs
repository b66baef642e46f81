//! The single things that a rule asks for, in the order in which they are weighed.
//!
//! Deciding and explaining go through the same list with the same scales; deciding stops at the
//! first thing that is missing.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{MethodSet, RequiredAal, Requirement};
use crate::aal::AuthenticationMethod;

/// One thing that a rule asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Demand {
    /// `required_aal`, from the steps that count.
    Level(RequiredAal),
    /// `required_methods.all_of`
    AllOf(MethodSet),
    /// `required_methods.any_of`
    AnyOf(MethodSet),
    /// `required_methods.distinct_channels`
    DistinctChannels,
    /// `max_age_of` of a method.
    MaxAgeOf(AuthenticationMethod, Duration),
    /// `max_age`
    MaxAge(Duration),
}

impl Demand {
    /// The key of the rule language that asks for it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Level(_) => "required_aal",
            Self::AllOf(_) => "required_methods.all_of",
            Self::AnyOf(_) => "required_methods.any_of",
            Self::DistinctChannels => "required_methods.distinct_channels",
            Self::MaxAgeOf(..) => "max_age_of",
            Self::MaxAge(_) => "max_age",
        }
    }
}

impl Requirement {
    /// Visits every demand until one visit breaks off. What one step settles comes before what
    /// needs another, so that people are asked once.
    pub(super) fn demands<B>(
        &self,
        mut visit: impl FnMut(Demand) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        visit(Demand::Level(self.required_aal))?;
        if self.required_aal == RequiredAal::None {
            return ControlFlow::Continue(());
        }
        if let Some(steps) = &self.steps {
            if !steps.all_of.is_empty() {
                visit(Demand::AllOf(steps.all_of))?;
            }
            if !steps.any_of.is_empty() {
                visit(Demand::AnyOf(steps.any_of))?;
            }
            if steps.distinct_channels {
                visit(Demand::DistinctChannels)?;
            }
            for (method, max_age) in &steps.max_age_of {
                visit(Demand::MaxAgeOf(*method, *max_age))?;
            }
        }
        match self.max_age {
            Some(max_age) => visit(Demand::MaxAge(max_age)),
            None => ControlFlow::Continue(()),
        }
    }
}
