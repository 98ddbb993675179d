//! Only functions that every supported Prometheus has, from 2.42 on, without a feature flag.

use promql_parser::parser::Expr;

use super::{Context, Problem};

/// What 2.42 and the newest 3.x both have and mean alike. `holt_winters` is gone in 3.x; others came later.
const SUPPORTED: &[&str] = &[
    "abs",
    "absent",
    "absent_over_time",
    "avg_over_time",
    "ceil",
    "changes",
    "clamp",
    "clamp_max",
    "clamp_min",
    "count_over_time",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "delta",
    "deriv",
    "exp",
    "floor",
    "histogram_count",
    "histogram_fraction",
    "histogram_quantile",
    "histogram_sum",
    "hour",
    "idelta",
    "increase",
    "irate",
    "label_join",
    "label_replace",
    "last_over_time",
    "ln",
    "log10",
    "log2",
    "max_over_time",
    "min_over_time",
    "minute",
    "month",
    "pi",
    "predict_linear",
    "present_over_time",
    "quantile_over_time",
    "rate",
    "resets",
    "round",
    "scalar",
    "sgn",
    "sort",
    "sort_desc",
    "sqrt",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "time",
    "timestamp",
    "vector",
    "year",
];

pub(super) fn check(part: &Expr, _above: &[&Expr], _context: &Context<'_>) -> Vec<Problem> {
    let name = match part {
        Expr::Call(call) => call.func.name.to_owned(),
        Expr::Aggregate(aggregate) if ["limitk", "limit_ratio"].contains(&aggregate.op.to_string().as_str()) => aggregate.op.to_string(),
        _ => return Vec::new(),
    };
    if SUPPORTED.contains(&name.as_str()) {
        return Vec::new();
    }
    let problem = format!("{name} is not in every Prometheus from 2.42 to 3.x");
    vec![Problem::new("promql/features", problem, name, "write it with a function that is")]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn newer_functions_are_found() {
        assert_eq!(
            problem_of("mad_over_time(redis_connected_clients[5m]) > 1"),
            "mad_over_time is not in every Prometheus from 2.42 to 3.x [promql/features]"
        );
    }

    #[test]
    fn common_functions_pass() {
        assert_eq!(said_of("avg_over_time(redis_connected_clients[5m]) > 1"), [""; 0]);
    }
}
