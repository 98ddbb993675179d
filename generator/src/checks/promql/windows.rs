//! Windows hold enough samples, and not more than Prometheus keeps.

use std::time::Duration as Length;

use promql_parser::parser::{Expr, SubqueryExpr};

use super::{Context, Problem};
use crate::spec::duration::Duration;

/// Scrapes in the window of a rate: one may be lost, and two are needed.
const SCRAPES: u64 = 4;

/// Steps in a subquery: newer versions leave out the sample at the window's beginning.
const STEPS: u64 = 2;

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    match part {
        Expr::Call(call) if ["rate", "irate", "increase", "delta", "idelta", "deriv"].contains(&call.func.name) => {
            let Some(Expr::MatrixSelector(matrix)) = call.args.args.first().map(|argument| &**argument) else { return Vec::new() };
            of_rate(call.func.name, matrix.range, context)
        }
        Expr::MatrixSelector(matrix) => of_range(matrix.range, context),
        Expr::Subquery(subquery) => of_range(subquery.range, context).into_iter().chain(of_subquery(subquery)).collect(),
        _ => Vec::new(),
    }
}

fn of_rate(function: &str, range: Length, context: &Context<'_>) -> Vec<Problem> {
    let least = context.spec.scrape_interval.times(SCRAPES);
    if length(range) >= least {
        return Vec::new();
    }
    let problem = format!("{function} over {}, with a scrape every {}", length(range), context.spec.scrape_interval);
    vec![Problem::new("promql/window", problem, length(range).to_string(), format!("the window must hold {SCRAPES} scrapes, so at least {least}"))]
}

fn of_range(range: Length, context: &Context<'_>) -> Vec<Problem> {
    let problem = || {
        Problem::new(
            "promql/window",
            format!("looks back {}, and {} are kept", length(range), context.spec.retention),
            length(range).to_string(),
            "shorten the window, or keep more",
        )
    };
    (length(range) > context.spec.retention).then(problem).into_iter().collect()
}

fn of_subquery(subquery: &SubqueryExpr) -> Option<Problem> {
    let step = length(subquery.step?);
    let problem = || {
        Problem::new(
            "promql/window",
            format!("a subquery of {} in steps of {step}", length(subquery.range)),
            length(subquery.range).to_string(),
            format!("the window must hold {STEPS} steps"),
        )
    };
    (length(subquery.range) < step.times(STEPS)).then(problem)
}

fn length(range: Length) -> Duration {
    Duration::milliseconds(u64::try_from(range.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn short_windows_are_found() {
        assert_eq!(problem_of("rate(redis_commands_total[30s]) > 1"), "rate over 30s, with a scrape every 15s [promql/window]");
    }

    #[test]
    fn windows_past_retention_are_found() {
        assert_eq!(problem_of("avg_over_time(redis_connected_clients[40d]) > 1"), "looks back 40d, and 30d are kept [promql/window]");
    }

    #[test]
    fn subqueries_of_one_step_are_found() {
        assert_eq!(problem_of("avg_over_time(redis_connected_clients[1m:1m]) > 1"), "a subquery of 1m in steps of 1m [promql/window]");
    }

    #[test]
    fn windows_of_four_scrapes_pass() {
        assert_eq!(said_of("rate(redis_commands_total[1m]) > 1 or avg_over_time(redis_connected_clients[2m:1m]) > 1"), [""; 0]);
    }
}
