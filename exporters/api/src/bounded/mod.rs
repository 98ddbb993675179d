//! Families whose label values users and attackers choose: bounded space, exact sums, and the heaviest values by name.
//!
//! At most [`Settings::values`] values are exposed by name; everything else is counted in one series per group whose open label is
//! [`OTHER`]. Each event raises exactly one exposed series by exactly its amount, so that `sum(increase())` over the family is the
//! truth whatever is named when. The argument: a series is on at least one page before
//! it is raised, so its first raise is seen as an increase; it is on at least one page after it was last raised, so its last raise is
//! seen; what returns starts where it was, or at 0, which a counter may always do.
//!
//! An event costs a hash, a look into an immutable table and one atomic addition; an event of an untracked value also tries to note
//! itself as a candidate, and does without where another thread is doing that. No event ever waits.

mod atomic;
mod cell;
mod family;
mod ghosts;
mod keeper;
mod key;
mod lowest;
mod settings;
mod sketch;
mod table;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use family::{BoundedFamily, Groups};
pub(crate) use lowest::Lowest;
pub use settings::Settings;
pub(crate) use values::GROUPS;
pub use values::{Bounded, OTHER, Standing};
