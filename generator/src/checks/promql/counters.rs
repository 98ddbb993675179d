//! Counters are read through rates, and rates are of counters; never the rate of a sum.

use promql_parser::parser::Expr;

use super::shape::infer;
use super::walk::bare;
use super::{Context, Problem};

/// Functions that understand a counter's resets.
const OF_COUNTERS: [&str; 3] = ["rate", "irate", "increase"];

/// Functions that take a reset for a fall.
const OF_GAUGES: [&str; 11] = [
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "quantile_over_time",
    "stddev_over_time",
    "stdvar_over_time",
];

/// What may look at a counter itself: whether it is there, when it was reset, which series there are.
const OF_EITHER: [&str; 9] =
    ["resets", "changes", "absent", "absent_over_time", "count_over_time", "present_over_time", "last_over_time", "timestamp", "count"];

pub(super) fn check(part: &Expr, above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    match part {
        Expr::Call(call) if OF_COUNTERS.contains(&call.func.name) => {
            call.args.args.first().map(|argument| of_rate(call.func.name, bare(argument), context)).unwrap_or_default()
        }
        Expr::VectorSelector(selector) if infer(part, context.known).counter => of_counter(selector.name.as_deref(), above),
        Expr::MatrixSelector(matrix) if infer(part, context.known).counter => of_counter(matrix.vs.name.as_deref(), above),
        _ => Vec::new(),
    }
}

fn of_rate(function: &str, argument: &Expr, context: &Context<'_>) -> Vec<Problem> {
    match argument {
        Expr::MatrixSelector(matrix) => {
            let name = matrix.vs.name.as_deref().unwrap_or_default();
            let gauge = context.known.family(name).is_some() && !infer(argument, context.known).counter;
            let problem = || {
                Problem::new(
                    "promql/rate",
                    format!("{function} of {name}, which is no counter"),
                    name,
                    "use delta or deriv for what goes up and down",
                )
            };
            gauge.then(problem).into_iter().collect()
        }
        // What is computed first loses the resets of the single series.
        _ => vec![Problem::new("promql/rate", format!("{function} of what is computed"), function, "take the rate of each series first, then sum")],
    }
}

fn of_counter(name: Option<&str>, above: &[&Expr]) -> Vec<Problem> {
    let name = name.unwrap_or_default();
    let over = above.iter().rev().find_map(|part| match part {
        Expr::Call(call) => Some(call.func.name.to_owned()),
        Expr::Aggregate(aggregate) if ["count", "group", "count_values"].contains(&aggregate.op.to_string().as_str()) => Some("count".to_owned()),
        _ => None,
    });
    match over.as_deref() {
        Some(function) if OF_COUNTERS.contains(&function) || OF_EITHER.contains(&function) => Vec::new(),
        Some(function) if OF_GAUGES.contains(&function) => {
            vec![Problem::new(
                "promql/counter",
                format!("{function} of the counter {name}"),
                name,
                "a restart looks like a fall: use rate or increase",
            )]
        }
        // Sets are matched by their labels: `unless x_total` asks whether it is there.
        _ if matches!(above.last(), Some(Expr::Binary(binary)) if binary.op.is_set_operator()) => Vec::new(),
        _ => vec![Problem::new(
            "promql/counter",
            format!("the counter {name} is read as it stands"),
            name,
            "its value depends on the last restart: use rate or increase",
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn rates_of_gauges_are_found() {
        assert_eq!(problem_of("rate(redis_connected_clients[5m]) > 1"), "rate of redis_connected_clients, which is no counter [promql/rate]");
    }

    #[test]
    fn rates_of_sums_are_found() {
        assert!(said_of("rate(sum(redis_commands_total)[5m:1m]) > 1")[0].starts_with("alert RedisDown: rate of what is computed [promql/rate]"));
    }

    #[test]
    fn counters_as_they_stand_are_found() {
        assert_eq!(problem_of("redis_evicted_keys_total > 5"), "the counter redis_evicted_keys_total is read as it stands [promql/counter]");
        assert_eq!(problem_of("delta(redis_evicted_keys_total[5m]) > 5"), "delta of the counter redis_evicted_keys_total [promql/counter]");
    }

    #[test]
    fn rates_of_counters_pass() {
        assert_eq!(said_of("sum(rate(redis_commands_total[5m])) > 1 or changes(redis_evicted_keys_total[5m]) > 1"), [""; 0]);
        assert_eq!(said_of("delta(redis_connected_clients[5m]) > 1 unless redis_evicted_keys_total"), [""; 0]);
    }
}
