//! Quantiles are of rates of buckets that keep `le`, and `le` is a bound that the histogram has.

use metric_catalogue::Definition;
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::token::T_EQL_REGEX;
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
    matchers.filter_map(|matcher| of_matcher(matcher, definition)).collect()
}

/// Each alternative of the matcher is a bound, in every form in which bounds are written: whole ones are `1` on the pages of some
/// exporters and `1.0` to newer Prometheus.
fn of_matcher(matcher: &Matcher, definition: &Definition) -> Option<Problem> {
    if definition.bounds.is_empty() {
        return None;
    }
    let bounds: Vec<[String; 2]> = definition.bounds.iter().map(|bound| forms(*bound)).chain([["+Inf", "+Inf"].map(str::to_owned)]).collect();
    alternatives(matcher).find_map(|alternative| {
        let is_meant = matching(&matcher.op, alternative)?;
        if !bounds.iter().flatten().any(|form| is_meant(form)) {
            let bounds = definition.bounds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let problem = format!("{} has no bucket {alternative}", definition.name);
            return Some(Problem::new("promql/quantile", problem, alternative, format!("its bounds are {bounds}")));
        }
        // The other form of the same bound may be another alternative.
        let selects = |form: &String| alternatives(matcher).filter_map(|other| matching(&matcher.op, other)).any(|is_meant| is_meant(form));
        let halved = bounds.iter().any(|[one, other]| selects(one) != selects(other));
        let problem = || {
            let text = format!("le{}\"{}\" is not written alike everywhere", operator(&matcher.op), matcher.value);
            Problem::new("promql/quantile", text, &matcher.value, "match both forms, as in le=~\"1|1\\\\.0\"")
        };
        halved.then(problem)
    })
}

/// How a bound is written.
fn forms(bound: f64) -> [String; 2] {
    let short = bound.to_string();
    let long = if bound.fract() == 0.0 { format!("{short}.0") } else { short.clone() };
    [short, long]
}

const fn operator(operator: &MatchOp) -> &'static str {
    match operator {
        MatchOp::Equal => "=",
        MatchOp::NotEqual => "!=",
        MatchOp::Re(_) => "=~",
        MatchOp::NotRe(_) => "!~",
    }
}

/// The values of a matcher: several, if it is a pattern of nothing but alternatives.
fn alternatives(matcher: &Matcher) -> impl Iterator<Item = &str> {
    let pattern = matches!(matcher.op, MatchOp::Re(_) | MatchOp::NotRe(_)) && !matcher.value.contains(['(', '[']);
    let whole = (!pattern).then_some(matcher.value.as_str());
    let parts = pattern.then(|| matcher.value.split('|'));
    whole.into_iter().chain(parts.into_iter().flatten())
}

/// Whether a bound is the value, or matches the pattern.
fn matching(operator: &MatchOp, value: &str) -> Option<impl Fn(&str) -> bool> {
    let plain = matches!(operator, MatchOp::Equal | MatchOp::NotEqual);
    let pattern = if plain { None } else { Some(Matcher::new_matcher(T_EQL_REGEX, "le".to_owned(), value.to_owned()).ok()?) };
    let value = value.to_owned();
    Some(move |bound: &str| pattern.as_ref().map_or_else(|| bound == value, |pattern| pattern.is_match(bound)))
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
    fn patterns_of_bounds_are_looked_into() {
        for (matcher, problem) in [
            (r#"le=~"0.5|0.4""#, "http_request_duration_seconds has no bucket 0.4"),
            (r#"le!="0.4""#, "http_request_duration_seconds has no bucket 0.4"),
            (r#"le!~"0.4|9""#, "http_request_duration_seconds has no bucket 0.4"),
            (r#"le!="1""#, "le!=\"1\" is not written alike everywhere"),
            (r#"le=~"0.5|1""#, "le=~\"0.5|1\" is not written alike everywhere"),
            (r#"le=~"1\\.0""#, "le=~\"1\\.0\" is not written alike everywhere"),
        ] {
            let found = problem_of(&format!("rate(http_request_duration_seconds_bucket{{{matcher}}}[5m]) > 1"));
            assert_eq!(found, format!("{problem} [promql/quantile]"), "{matcher}");
        }
        for matcher in [r#"le=~"1|1\\.0""#, r#"le!="+Inf""#, r#"le=~"0.5|0.25|1(\\.0)?""#, r#"le!~"1|1\\.0""#] {
            assert_eq!(said_of(&format!("rate(http_request_duration_seconds_bucket{{{matcher}}}[5m]) > 1")), [""; 0], "{matcher}");
        }
    }

    #[test]
    fn quantiles_of_rates_of_buckets_pass() {
        assert_eq!(said_of("histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 1"), [""; 0]);
        assert_eq!(said_of(r#"rate(http_request_duration_seconds_bucket{le="0.5"}[5m]) > 1"#), [""; 0]);
    }
}
