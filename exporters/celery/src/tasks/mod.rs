//! What is remembered of tasks: by id for as long as memory allows, by name for good.

pub(crate) mod filter;
pub(crate) mod names;
pub(crate) mod table;
pub(crate) mod task;
