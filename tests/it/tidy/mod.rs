//! The rules of the house that no compiler holds: who may import whom, which names are forbidden,
//! how long a file may be. `ARCHITECTURE.md` says the same; a test here compares the two.

mod budgets;
mod deployed;
mod floors;
mod invariants;
mod names;
mod source;
