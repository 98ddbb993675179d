//! Between which values the samples of an expression can lie.

use metric_catalogue::{Definition, Type, Unit};

/// From `least` (itself excluded if `above`) to `most`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) least: f64,
    pub(super) above: bool,
    pub(super) most: f64,
}

/// Whether a comparison holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Always,
    Never,
    Depends,
}

impl Range {
    pub(super) const ANY: Self = Self { least: f64::NEG_INFINITY, above: false, most: f64::INFINITY };
    pub(super) const NOT_NEGATIVE: Self = Self { least: 0.0, above: false, most: f64::INFINITY };

    pub(super) const fn between(least: f64, most: f64) -> Self {
        Self { least, above: false, most }
    }

    /// What the catalogue knows of a metric's values.
    pub(super) fn of(definition: &Definition) -> Self {
        if definition.name == "up" || definition.name.ends_with("_up") || definition.unit() == Some(Unit::Ratio) && !definition.upstream {
            return Self::between(0.0, 1.0);
        }
        match (definition.kind, definition.unit()) {
            (Type::Info, _) => Self::between(1.0, 1.0),
            (Type::Counter | Type::Histogram | Type::Summary, _) | (Type::Gauge, Some(Unit::Bytes)) => Self::NOT_NEGATIVE,
            _ => Self::ANY,
        }
    }

    /// The number, if there is only one.
    pub(super) fn number(self) -> Option<f64> {
        (self.least.to_bits() == self.most.to_bits()).then_some(self.least)
    }

    pub(super) fn holds_zero(self) -> bool {
        (self.least < 0.0 || (self.least == 0.0 && !self.above)) && self.most >= 0.0
    }

    pub(super) fn hull(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), above: self.above && other.above, most: self.most.max(other.most) }
    }

    pub(super) fn arithmetic(self, operator: &str, other: Self) -> Self {
        let above = self.above || other.above;
        match operator {
            "+" => Self { least: self.least + other.least, above, most: self.most + other.most },
            "-" => Self { least: self.least - other.most, above: false, most: self.most - other.least },
            "*" | "/" if self.least >= 0.0 && other.least >= 0.0 => Self::NOT_NEGATIVE,
            _ => Self::ANY,
        }
    }

    /// What a comparison with a number lets through.
    pub(super) fn filtered(self, operator: &str, number: f64) -> Self {
        match operator {
            ">" if number >= self.least => Self { least: number, above: true, ..self },
            ">=" if number > self.least => Self { least: number, above: false, ..self },
            "<" | "<=" => Self { most: self.most.min(number), ..self },
            "==" => Self::between(number, number),
            _ => self,
        }
    }

    pub(super) fn compared(self, operator: &str, number: f64) -> Outcome {
        let least_is_out = |limit: f64| self.least > limit || (self.above && self.least >= limit);
        let (always, never) = match operator {
            ">" => (least_is_out(number), self.most <= number),
            ">=" => (self.least >= number, self.most < number),
            "<" => (self.most < number, self.least >= number),
            "<=" => (self.most <= number, least_is_out(number)),
            "==" => (self.number().is_some_and(|only| only.to_bits() == number.to_bits()), self.most < number || least_is_out(number)),
            "!=" => (self.most < number || least_is_out(number), self.number().is_some_and(|only| only.to_bits() == number.to_bits())),
            _ => (false, false),
        };
        match (always, never) {
            (true, _) => Outcome::Always,
            (_, true) => Outcome::Never,
            _ => Outcome::Depends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_of_ranges_are_decided() {
        let share = Range::between(0.0, 1.0);
        assert_eq!(share.compared(">", 1.0), Outcome::Never);
        assert_eq!(share.compared(">=", 0.0), Outcome::Always);
        assert_eq!(share.compared("<", 0.0), Outcome::Never);
        assert_eq!(share.compared("==", 2.0), Outcome::Never);
        assert_eq!(share.compared("!=", 2.0), Outcome::Always);
        assert_eq!(share.compared(">", 0.8), Outcome::Depends);
        assert_eq!(Range::NOT_NEGATIVE.filtered(">", 0.0).compared(">", 0.0), Outcome::Always);
    }

    #[test]
    fn a_filter_takes_zero_away() {
        assert!(Range::NOT_NEGATIVE.holds_zero());
        assert!(!Range::NOT_NEGATIVE.filtered(">", 0.0).holds_zero());
        assert!(!Range::ANY.filtered(">", 100.0).holds_zero());
    }
}
