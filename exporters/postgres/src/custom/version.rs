//! Conditions on the server's version: `>=14 <17.2`.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// All must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions(Vec<(Comparison, u32)>);

impl Versions {
    /// Reads conditions that spaces or commas separate.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let part = |part| condition(part).ok_or_else(|| format!("found {part:?}, expected >=14"));
        text.split([' ', ',']).filter(|part| !part.is_empty()).map(part).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this version, as `server_version_num`, meets all of them.
    pub(super) fn fit(&self, version: u32) -> bool {
        self.0.iter().all(|(comparison, bound)| {
            let order = version.cmp(bound);
            match comparison {
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Equal => order.is_eq(),
                Comparison::GreaterOrEqual => order.is_ge(),
                Comparison::Greater => order.is_gt(),
            }
        })
    }
}

fn condition(text: &str) -> Option<(Comparison, u32)> {
    const OPERATORS: [(&str, Comparison); 5] = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("=", Comparison::Equal),
    ];
    let (rest, comparison) = OPERATORS.iter().find_map(|(operator, comparison)| Some((text.strip_prefix(operator)?, *comparison)))?;
    let mut parts = rest.trim_start_matches('=').trim_start_matches('v').split('.');
    let major: u32 = parts.next()?.parse().ok()?;
    let minor: u32 = parts.next().map_or(Some(0), |minor| minor.parse().ok())?;
    Some((comparison, major * 10_000 + minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_must_hold() {
        let versions = Versions::parse(">=14 <17.2").unwrap();
        assert!(versions.fit(150_004) && versions.fit(170_001) && !versions.fit(170_002) && !versions.fit(130_001));
        assert!(Versions::parse("=15.4.0,>v14").unwrap().fit(150_004));
        assert!(Versions::parse("").unwrap().fit(0));
        assert!(Versions::parse("new").unwrap_err().contains("\"new\""));
    }
}
