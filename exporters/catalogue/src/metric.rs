//! What a catalogue entry is: a typed handle ([`Metric`]) on a description ([`Definition`]).

use std::marker::PhantomData;

use crate::kind::{Histogram, Kind, Type};

/// One catalogue entry without its type: what tables, checks and encoders read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// Name as exposed in text format; of a [`Dynamic`](crate::Dynamic) entry the prefix of all its names.
    pub name: &'static str,
    /// HELP text: one line, no full stop.
    pub help: &'static str,
    /// Counter, gauge and so on.
    pub kind: Type,
    /// Label names in the order in which values are given.
    pub labels: &'static [&'static str],
    /// How many of the last labels are left out of a series when their value is empty.
    pub optional: usize,
    /// Unit, where the name's suffix does not say it.
    pub declared_unit: Option<Unit>,
    /// The name, type or labels are another program's and stay as they are there, however unconventional.
    pub upstream: bool,
    /// Where the value comes from, in the words of the collector that reads it (`INFO used_memory`).
    pub source: Option<&'static str>,
    /// What the source's number is multiplied with to give the exposed one; 1 unless said.
    pub factor: f64,
    /// Upper bounds of a histogram's buckets, ascending, without `+Inf`; empty where the target decides.
    pub bounds: &'static [f64],
    /// Labels whose values come from a closed set, with that set.
    pub closed: &'static [(&'static str, &'static [&'static str])],
}

impl Definition {
    /// The unit that values are in: the declared one, else what the name's suffix says.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        self.declared_unit.or_else(|| {
            let base = self.name.strip_suffix("_total").unwrap_or(self.name);
            Unit::ALL.into_iter().find(|unit| base.rsplit('_').next() == Some(unit.suffix()))
        })
    }

    /// The values that `label` can have, if they are a closed set.
    #[must_use]
    pub fn values_of(&self, label: &str) -> Option<&'static [&'static str]> {
        self.closed.iter().find(|(name, _)| *name == label).map(|(_, values)| *values)
    }
}

/// A unit in which values are exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Milliseconds: other programs' names only.
    Milliseconds,
    /// Microseconds: other programs' names only.
    Microseconds,
    /// A share between 0 and 1.
    Ratio,
    /// A share between 0 and 100: other programs' names only.
    Percent,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 6] = [Self::Bytes, Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Ratio, Self::Percent];

    /// The word that ends a metric's name when its values are in this unit.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Ratio => "ratio",
            Self::Percent => "percent",
        }
    }
}

/// A metric that can be sent with values of kind `K` and exactly `N` label values.
#[derive(Debug)]
pub struct Metric<K, const N: usize> {
    definition: Definition,
    kind: PhantomData<K>,
}

impl<K: Kind, const N: usize> Metric<K, N> {
    /// Checked when the catalogue is compiled: a bad name, label or help text does not build.
    ///
    /// # Panics
    /// At compile time, on a name or label outside the legacy character set, a repeated label, an empty or multi-line
    /// help text, one that ends in a full stop, or an info metric whose name does not end in `_info`.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler only, and const code has no other access")]
    pub const fn new(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        let help = help.trim_ascii();
        assert!(is_name(name, true), "a metric's name is [a-zA-Z_:][a-zA-Z0-9_:]*");
        assert!(is_line(help), "a help text is one line without a full stop");
        assert!(!matches!(K::TYPE, Type::Info) || ends_with(name, "_info"), "the name of an info metric ends in _info");
        let mut index = 0;
        while index < N {
            assert!(is_name(labels[index], false), "a label's name is [a-zA-Z_][a-zA-Z0-9_]*");
            let mut other = 0;
            while other < index {
                assert!(!same(labels[index], labels[other]), "a label is named once");
                other += 1;
            }
            index += 1;
        }
        let definition = Definition {
            name,
            help,
            kind: K::TYPE,
            labels,
            optional: 0,
            declared_unit: None,
            upstream: false,
            source: None,
            factor: 1.0,
            bounds: &[],
            closed: &[],
        };
        Self { definition, kind: PhantomData }
    }

    /// Name, type or labels belong to another program.
    #[must_use]
    pub const fn upstream(mut self) -> Self {
        self.definition.upstream = true;
        self
    }

    /// The unit, where the name does not end in it.
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.definition.declared_unit = Some(unit);
        self
    }

    /// Where the value comes from.
    #[must_use]
    pub const fn source(mut self, source: &'static str) -> Self {
        self.definition.source = Some(source);
        self
    }

    /// What the source's number is multiplied with.
    #[must_use]
    pub const fn times(mut self, factor: f64) -> Self {
        self.definition.factor = factor;
        self
    }

    /// The last `count` labels are left out when empty.
    ///
    /// # Panics
    /// At compile time, on more optional labels than labels.
    #[must_use]
    pub const fn optional(mut self, count: usize) -> Self {
        assert!(count <= N, "no more optional labels than labels");
        self.definition.optional = count;
        self
    }

    /// Labels whose values come from a closed set.
    #[must_use]
    pub const fn closed(mut self, sets: &'static [(&'static str, &'static [&'static str])]) -> Self {
        self.definition.closed = sets;
        self
    }

    /// The description behind the handle.
    #[must_use]
    pub const fn definition(&'static self) -> &'static Definition {
        &self.definition
    }

    /// The exposed name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.definition.name
    }
}

impl<const N: usize> Metric<Histogram, N> {
    /// Upper bounds of the buckets, ascending, without `+Inf`.
    ///
    /// # Panics
    /// At compile time, on bounds that do not ascend.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler only, and const code has no other access")]
    pub const fn bounds(mut self, bounds: &'static [f64]) -> Self {
        let mut index = 1;
        while index < bounds.len() {
            assert!(bounds[index - 1] < bounds[index], "bounds ascend");
            index += 1;
        }
        self.definition.bounds = bounds;
        self
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler only, and const code has no other access")]
const fn is_name(name: &str, colons: bool) -> bool {
    let bytes = name.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        let allowed = byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':') || (index > 0 && byte.is_ascii_digit());
        if !allowed {
            return false;
        }
        index += 1;
    }
    !bytes.is_empty()
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler only, and const code has no other access")]
const fn is_line(help: &str) -> bool {
    let bytes = help.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == b'\n' {
            return false;
        }
        index += 1;
    }
    !bytes.is_empty() && bytes[bytes.len() - 1] != b'.'
}

const fn ends_with(text: &str, suffix: &str) -> bool {
    let (text, suffix) = (text.as_bytes(), suffix.as_bytes());
    if text.len() < suffix.len() {
        return false;
    }
    let (_, tail) = text.split_at(text.len() - suffix.len());
    same_bytes(tail, suffix)
}

const fn same(left: &str, right: &str) -> bool {
    same_bytes(left.as_bytes(), right.as_bytes())
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler only, and const code has no other access")]
const fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}
