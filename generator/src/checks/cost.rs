//! An expression that is evaluated four times a minute does not read more samples than Prometheus can spare.
//!
//! The number of samples follows from what the catalogue says of each metric's labels and from the windows, for one target: how
//! many there are is the site's affair, and the plan's.

use promql_parser::parser::{self, Expr};

use super::Finding;
use super::promql::{Known, walk};
use crate::spec::Spec;

/// A fiftieth of what Prometheus lets one query hold (`--query.max-samples`). A month of one series is 172,800.
const MOST_SAMPLES: u64 = 1_000_000;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    let recordings = spec.recordings.iter().map(|recording| (format!("recording {}", recording.name), recording.location, &recording.expr));
    let alerts = spec.alerts.iter().map(|alert| (format!("alert {}", alert.name), alert.location, &alert.expr));
    let of = |(subject, location, text): (String, _, &String)| {
        let samples = samples(&parser::parse(text).ok()?, spec, &known);
        let problem = || format!("one evaluation reads about {samples} samples, and {MOST_SAMPLES} are affordable");
        let remedy = "shorten the window, or read a recording rule that adds up short ones";
        (samples > MOST_SAMPLES).then(|| Finding::new("query/cost", subject, problem(), remedy).at(location).underlining(text, ""))
    };
    recordings.chain(alerts).filter_map(of).collect()
}

/// What all selectors of an expression read together.
fn samples(expression: &Expr, spec: &Spec, known: &Known<'_>) -> u64 {
    let interval = u128::from(spec.scrape_interval.as_milliseconds().max(1));
    let mut sum = 0_u64;
    walk(expression, &mut Vec::new(), &mut |part, above| {
        let (selector, window) = match part {
            Expr::VectorSelector(selector) => (selector, 1),
            Expr::MatrixSelector(matrix) => (&matrix.vs, matrix.range.as_millis() / interval),
            _ => return,
        };
        // A selector inside a subquery is read once for each of its steps.
        let steps = above.iter().filter_map(|outer| match outer {
            Expr::Subquery(subquery) => Some(subquery.range.as_millis() / subquery.step.map_or(interval, |step| step.as_millis()).max(1)),
            _ => None,
        });
        let times = steps.fold(window.max(1), u128::saturating_mul);
        let series = known.series_of(selector.name.as_deref().unwrap_or_default());
        sum = sum.saturating_add(series.saturating_mul(u64::try_from(times).unwrap_or(u64::MAX)));
    });
    sum
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said(expression: &str) -> Vec<String> {
        let spec = changed(|spec| {
            spec.recordings.clear();
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].expr = expression.to_owned();
        });
        messages(&check(&spec))
    }

    #[test]
    fn months_of_many_series_are_found() {
        let said = said("avg_over_time(http_request_duration_seconds_bucket[30d]) > 1");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("alert RedisDown: one evaluation reads about ") && said[0].contains("[query/cost]"), "{said:?}");
    }

    #[test]
    fn steps_of_subqueries_multiply() {
        assert_eq!(said("max_over_time(rate(redis_commands_total[1h])[30d:15s]) > 1").len(), 1);
    }

    #[test]
    fn a_month_of_one_series_passes() {
        assert_eq!(said("avg_over_time(redis_connected_clients[30d]) > 1"), [""; 0]);
    }
}
