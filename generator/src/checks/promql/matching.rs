//! Two sides of an operator can be matched, and each series with one other only.

use std::collections::BTreeSet;

use promql_parser::parser::{BinaryExpr, Expr, LabelModifier, VectorMatchCardinality};

use super::shape::{Shape, infer};
use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let Expr::Binary(binary) = part else { return Vec::new() };
    let (left, right) = (infer(&binary.lhs, context.known), infer(&binary.rhs, context.known));
    if left.scalar || right.scalar || left.open || right.open {
        return Vec::new();
    }
    let operator = binary.op.to_string();
    let modifier = binary.modifier.as_ref();
    match modifier.and_then(|modifier| modifier.matching.as_ref()) {
        Some(LabelModifier::Include(labels)) => on(binary, &operator, &labels.labels, &left, &right),
        Some(LabelModifier::Exclude(labels)) => {
            let rest = |shape: &Shape| shape.possible.iter().filter(|label| !labels.labels.contains(label)).cloned().collect::<BTreeSet<_>>();
            same(&operator, &rest(&left), &rest(&right), &left, &right)
        }
        // Whether to add what the other side lacks is what a plain `or` asks.
        None if operator == "or" => Vec::new(),
        None => same(&operator, &left.possible, &right.possible, &left, &right),
    }
}

/// Without `on`, all labels must be equal.
fn same(operator: &str, left: &BTreeSet<String>, right: &BTreeSet<String>, whole_left: &Shape, whole_right: &Shape) -> Vec<Problem> {
    let missing = |from: &BTreeSet<String>, sure: &BTreeSet<String>, all: &BTreeSet<String>| {
        all.iter().find(|label| sure.contains(*label) && !from.contains(*label)).cloned()
    };
    let (side, label) = match (missing(right, &whole_left.sure, left), missing(left, &whole_right.sure, right)) {
        (Some(label), _) => ("left", label),
        (_, Some(label)) => ("right", label),
        (None, None) => return Vec::new(),
    };
    let problem = format!("the two sides of {operator} never match: only the {side} one has {label}");
    vec![Problem::new("promql/vector_matching", problem, operator, "say on which labels to match, with on (…)")]
}

fn on(binary: &BinaryExpr, operator: &str, labels: &[String], left: &Shape, right: &Shape) -> Vec<Problem> {
    for label in labels {
        for (side, shape) in [("left", left), ("right", right)] {
            if !shape.can_have(label) {
                let problem = format!("the {side} side of {operator} has no label {label} to match on");
                return vec![Problem::new("promql/vector_matching", problem, label, "match on labels that both sides have")];
            }
        }
    }
    let alone: &[(&str, &Shape)] = match binary.modifier.as_ref().map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToMany) | None => &[],
        Some(VectorMatchCardinality::ManyToOne(_)) => &[("right", right)],
        Some(VectorMatchCardinality::OneToMany(_)) => &[("left", left)],
        Some(VectorMatchCardinality::OneToOne) => &[("left", left), ("right", right)],
    };
    let several = alone.iter().find_map(|(side, shape)| {
        let more = shape.possible.iter().find(|label| !labels.contains(label) && !shape.fixed.contains(*label) && *label != "job")?;
        Some(format!("several series of the {side} side of {operator} can match one: they differ in {more}"))
    });
    several
        .map(|problem| Problem::new("promql/vector_matching", problem, operator, "aggregate that label away first, or match on it too"))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn sides_that_never_match_are_found() {
        let problem = problem_of("sum by (instance) (redis_memory_used_bytes) / redis_memory_max_bytes > 0.9");
        assert_eq!(problem, "the two sides of / never match: only the right one has job [promql/vector_matching]");
    }

    #[test]
    fn labels_to_match_on_must_be_on_both_sides() {
        let problem = problem_of("redis_up == 0 and on (cmd) sum by (cmd) (rate(redis_commands_total[5m])) > 1");
        assert_eq!(problem, "the left side of and has no label cmd to match on [promql/vector_matching]");
    }

    #[test]
    fn many_to_many_matches_are_found() {
        let problem = problem_of("redis_memory_used_bytes / on (instance) redis_db_keys > 1");
        assert_eq!(problem, "several series of the right side of / can match one: they differ in db [promql/vector_matching]");
    }

    #[test]
    fn sides_that_match_pass() {
        assert_eq!(said_of("redis_memory_used_bytes / redis_memory_max_bytes > 0.9"), [""; 0]);
        assert_eq!(said_of("redis_db_keys / on (instance) group_left redis_memory_max_bytes > 0.9"), [""; 0]);
        assert_eq!(said_of("redis_db_keys{db=\"db0\"} / on (instance) redis_memory_max_bytes > 0.9"), [""; 0]);
    }
}
