//! Labels of `by` and `without` are labels that the series have.

use std::collections::BTreeSet;

use promql_parser::parser::{Expr, LabelModifier};

use super::shape::infer;
use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let Expr::Aggregate(aggregate) = part else { return Vec::new() };
    let Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) = &aggregate.modifier else { return Vec::new() };
    let inner = infer(&aggregate.expr, context.known);
    let mut seen = BTreeSet::new();
    let of_label = |label: &String| {
        if !seen.insert(label.clone()) {
            return Some(Problem::new("promql/aggregate", format!("{label} is named twice"), label, "name it once"));
        }
        let has = inner.possible.iter().cloned().collect::<Vec<_>>().join(", ");
        let problem =
            || Problem::new("promql/aggregate", format!("the series have no label {label} to aggregate by"), label, format!("they have {has}"));
        (!inner.can_have(label)).then(problem)
    };
    labels.labels.iter().filter_map(of_label).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn labels_that_are_not_there_are_found() {
        assert_eq!(
            problem_of("sum by (queue) (rate(redis_commands_total[5m])) > 1"),
            "the series have no label queue to aggregate by [promql/aggregate]"
        );
        assert_eq!(
            problem_of("max by (cmd) (sum by (job) (rate(redis_commands_total[5m]))) > 1"),
            "the series have no label cmd to aggregate by [promql/aggregate]"
        );
        assert_eq!(problem_of("sum by (cmd, cmd) (rate(redis_commands_total[5m])) > 1"), "cmd is named twice [promql/aggregate]");
    }

    #[test]
    fn labels_that_are_there_pass() {
        assert_eq!(said_of("sum by (cmd, instance) (rate(redis_commands_total[5m])) > 1"), [""; 0]);
        assert_eq!(said_of("sum without (cmd) (rate(redis_commands_total[5m])) > 1"), [""; 0]);
    }
}
