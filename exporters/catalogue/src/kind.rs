//! The kinds of metrics, as types for the compiler and as values for everything else.

/// Only goes up, except when the target restarts.
#[derive(Clone, Copy, Debug)]
pub struct Counter;

/// Goes up and down.
#[derive(Clone, Copy, Debug)]
pub struct Gauge;

/// Counts of observations by upper bound.
#[derive(Clone, Copy, Debug)]
pub struct Histogram;

/// Quantiles that the target computed itself.
#[derive(Clone, Copy, Debug)]
pub struct Summary;

/// Facts as labels; the value is always 1.
#[derive(Clone, Copy, Debug)]
pub struct Info;

/// A prefix under which names and kinds are known only at run time.
#[derive(Clone, Copy, Debug)]
pub struct Dynamic;

/// A number of which it is not known what it is: other programs' metrics only.
#[derive(Clone, Copy, Debug)]
pub struct Untyped;

/// The kind of a metric as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// See [`Counter`].
    Counter,
    /// See [`Gauge`].
    Gauge,
    /// See [`Histogram`].
    Histogram,
    /// See [`Summary`].
    Summary,
    /// See [`Info`].
    Info,
    /// See [`Dynamic`].
    Dynamic,
    /// See [`Untyped`].
    Untyped,
}

/// Implemented by the seven kinds and by nothing else.
pub trait Kind: sealed::Sealed {
    /// The same kind as a value.
    const TYPE: Type;
}

macro_rules! kinds {
    ($($kind:ident),*) => {$(
        impl sealed::Sealed for $kind {}
        impl Kind for $kind {
            const TYPE: Type = Type::$kind;
        }
    )*};
}
kinds!(Counter, Gauge, Histogram, Summary, Info, Dynamic, Untyped);

mod sealed {
    #[expect(unnameable_types, reason = "sealing is what it is for")]
    pub trait Sealed {}
}
