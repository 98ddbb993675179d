//! What an expression looks back at has happened already, and is still kept.

use std::time::Duration as Length;

use promql_parser::parser::{Expr, Offset};

use super::{Context, Problem};
use crate::spec::duration::Duration;

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let (offset, range) = match part {
        Expr::VectorSelector(selector) => (selector.offset.as_ref(), Length::ZERO),
        Expr::MatrixSelector(matrix) => (matrix.vs.offset.as_ref(), matrix.range),
        Expr::Subquery(subquery) => (subquery.offset.as_ref(), subquery.range),
        _ => return Vec::new(),
    };
    match offset {
        Some(Offset::Neg(_)) => {
            vec![Problem::new("promql/offset", "looks into the future, of which a rule knows nothing", "offset", "leave the minus out")]
        }
        Some(Offset::Pos(offset)) if length(*offset + range) > context.spec.retention => {
            let problem = format!("looks {} back, and {} are kept", length(*offset + range), context.spec.retention);
            vec![Problem::new("promql/offset", problem, "offset", "shorten the offset, or keep more")]
        }
        Some(Offset::Pos(_)) | None => Vec::new(),
    }
}

fn length(range: Length) -> Duration {
    Duration::milliseconds(u64::try_from(range.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn offsets_past_retention_are_found() {
        assert_eq!(problem_of("redis_up offset 31d == 0"), "looks 31d back, and 30d are kept [promql/offset]");
        assert_eq!(problem_of("rate(redis_commands_total[2d] offset 29d) > 1"), "looks 31d back, and 30d are kept [promql/offset]");
    }

    #[test]
    fn offsets_into_the_future_are_found() {
        assert_eq!(problem_of("redis_up offset -5m == 0"), "looks into the future, of which a rule knows nothing [promql/offset]");
    }

    #[test]
    fn a_week_back_passes() {
        assert_eq!(said_of("rate(redis_commands_total[5m] offset 1w) > 1"), [""; 0]);
    }
}
