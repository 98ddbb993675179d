//! Bounds of buckets that are chosen when a program starts.

use std::{str::FromStr, sync::Arc};

/// Most bounds of one histogram: each is a series more for every set of labels.
const MOST: usize = 100;

/// Upper bounds of a histogram's buckets, without `+Inf`; reads `0.5,1,10`.
///
/// ```
/// use exporter_core::Bounds;
///
/// let bounds: Bounds = "0.5, 1, 10, +Inf".parse()?;
/// assert_eq!(bounds.as_slice(), [0.5, 1.0, 10.0]);
/// assert!(Bounds::new(&[2.0, 1.0]).is_err());
/// # Ok::<(), exporter_core::InvalidBounds>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds(Arc<[f64]>);

/// Bounds that no histogram can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected up to 100 ascending numbers such as 0.5,1,10")]
pub struct InvalidBounds;

impl Bounds {
    /// Bounds that were checked: at least one and not too many, finite, ascending.
    ///
    /// # Errors
    /// They are not.
    pub fn new(bounds: &[f64]) -> Result<Self, InvalidBounds> {
        let ascending = bounds.iter().zip(bounds.iter().skip(1)).all(|(before, after)| before < after);
        let valid = (1..=MOST).contains(&bounds.len()) && ascending && bounds.iter().all(|bound| bound.is_finite());
        if valid { Ok(Self(bounds.into())) } else { Err(InvalidBounds) }
    }

    /// The bounds.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }
}

impl FromStr for Bounds {
    type Err = InvalidBounds;

    fn from_str(text: &str) -> Result<Self, InvalidBounds> {
        let bounds = text.split(',').map(|part| part.trim().parse::<f64>()).collect::<Result<Vec<_>, _>>().map_err(|_| InvalidBounds)?;
        // The last bucket is there anyway, and some programs name it.
        Self::new(bounds.strip_suffix(&[f64::INFINITY]).unwrap_or(&bounds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_finite_and_ascend() {
        for text in ["1", "-1,0,1e3", "0.1,0.2,inf"] {
            assert!(text.parse::<Bounds>().is_ok(), "{text}");
        }
        for text in ["", ",", "+Inf", "1,1", "2,1", "NaN", "-inf,1", "1,inf,2", "1;2"] {
            assert_eq!(text.parse::<Bounds>(), Err(InvalidBounds), "{text}");
        }
        let many: Vec<f64> = (0..=100).map(f64::from).collect();
        assert!(Bounds::new(&many).is_err() && Bounds::new(&many[1..]).is_ok());
    }
}
