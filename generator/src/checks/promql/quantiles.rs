//! Quantiles are of rates of buckets that keep `le`, and `le` is a bound that the histogram has.

use metric_catalogue::Definition;
use promql_parser::label::MatchOp;
use promql_parser::parser::{Expr, VectorSelector};

use super::known::Family;
use super::shape::infer;
use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    match part {
        Expr::Call(call) if call.func.name == "histogram_quantile" => {
            call.args.args.get(1).map(|buckets| of_quantile(buckets, context)).unwrap_or_default()
        }
        Expr::VectorSelector(selector) => of_bound(selector, context),
        Expr::MatrixSelector(matrix) => of_bound(&matrix.vs, context),
        _ => Vec::new(),
    }
}

fn of_quantile(argument: &Expr, context: &Context<'_>) -> Vec<Problem> {
    let shape = infer(argument, context.known);
    let problem = if shape.open {
        return Vec::new();
    } else if !shape.can_have("le") {
        "histogram_quantile of series without le"
    } else if shape.buckets.is_none() {
        "histogram_quantile of what are no buckets"
    } else if shape.counter {
        "histogram_quantile of all that ever happened"
    } else {
        return Vec::new();
    };
    vec![Problem::new("promql/quantile", problem, "histogram_quantile", "write histogram_quantile(q, sum by (le, …) (rate(…_bucket[…])))")]
}

fn of_bound(selector: &VectorSelector, context: &Context<'_>) -> Vec<Problem> {
    let family = selector.name.as_deref().and_then(|name| context.known.family(name));
    let Some(Family::Exposed { definition, suffix_label: Some("le"), .. }) = family else { return Vec::new() };
    let matchers = selector.matchers.matchers.iter().filter(|matcher| matcher.name == "le");
    matchers.filter_map(|matcher| of_value(&matcher.op, &matcher.value, definition)).collect()
}

/// Bounds that are whole numbers are written `1` by some exporters and `1.0` by newer Prometheus.
fn of_value(operator: &MatchOp, value: &str, definition: &Definition) -> Option<Problem> {
    if !matches!(operator, MatchOp::Equal) || value == "+Inf" {
        return None;
    }
    let bound = value.parse::<f64>().ok();
    let known = definition.bounds.is_empty() || bound.is_some_and(|bound| definition.bounds.iter().any(|other| other.to_bits() == bound.to_bits()));
    if !known {
        let bounds = definition.bounds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Some(Problem::new(
            "promql/quantile",
            format!("{} has no bucket {value}", definition.name),
            value,
            format!("its bounds are {bounds}"),
        ));
    }
    let whole = bound.is_some_and(|bound| bound.fract() == 0.0);
    let problem = || {
        Problem::new("promql/quantile", format!("le=\"{value}\" is not written alike everywhere"), value, "match both forms, as in le=~\"1|1\\\\.0\"")
    };
    whole.then(problem)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn quantiles_without_le_are_found() {
        let problem = problem_of("histogram_quantile(0.95, sum by (job) (rate(http_request_duration_seconds_bucket[5m]))) > 1");
        assert_eq!(problem, "histogram_quantile of series without le [promql/quantile]");
    }

    #[test]
    fn quantiles_of_maxima_are_found() {
        let problem = problem_of("histogram_quantile(0.95, max by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 1");
        assert_eq!(problem, "histogram_quantile of what are no buckets [promql/quantile]");
    }

    #[test]
    fn bounds_that_are_no_buckets_are_found() {
        let problem = problem_of(r#"rate(http_request_duration_seconds_bucket{le="0.4"}[5m]) > 1"#);
        assert_eq!(problem, "http_request_duration_seconds has no bucket 0.4 [promql/quantile]");
        let problem = problem_of(r#"rate(http_request_duration_seconds_bucket{le="1"}[5m]) > 1"#);
        assert_eq!(problem, "le=\"1\" is not written alike everywhere [promql/quantile]");
    }

    #[test]
    fn quantiles_of_rates_of_buckets_pass() {
        assert_eq!(said_of("histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 1"), [""; 0]);
        assert_eq!(said_of(r#"rate(http_request_duration_seconds_bucket{le="0.5"}[5m]) > 1"#), [""; 0]);
    }
}
