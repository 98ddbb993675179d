//! Two sides of an operator can be matched, and each series with one other only.

use std::collections::BTreeSet;

use promql_parser::parser::{BinaryExpr, Expr, LabelModifier, VectorMatchCardinality};

use super::shape::{Shape, infer};
use super::{Context, Problem};

const RULE: &str = "promql/vector_matching";

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
        Some(LabelModifier::Exclude(labels)) => ignoring(binary, &operator, &labels.labels, &left, &right),
        // Whether to add what the other side lacks is what a plain `or` asks.
        None if operator == "or" => Vec::new(),
        None => same(&operator, &left.possible, &right.possible, &left, &right),
    }
}

/// With `ignoring`, all labels but those must be equal.
fn ignoring(binary: &BinaryExpr, operator: &str, labels: &[String], left: &Shape, right: &Shape) -> Vec<Problem> {
    if let Some(label) = labels.iter().find(|label| !left.can_have(label) && !right.can_have(label)) {
        let problem = format!("neither side of {operator} has a label {label} to ignore");
        return vec![Problem::new(RULE, problem, label, "leave it out of ignoring (…)")];
    }
    let rest = |shape: &Shape| shape.possible.iter().filter(|label| !labels.contains(label)).cloned().collect::<BTreeSet<_>>();
    let (left_rest, right_rest) = (rest(left), rest(right));
    let never = same(operator, &left_rest, &right_rest, left, right);
    if !never.is_empty() {
        return never;
    }
    let both: Vec<String> = left_rest.union(&right_rest).cloned().collect();
    unlike(operator, &both, left, right)
        .or_else(|| brought(binary, left, right))
        .or_else(|| several(binary, operator, &both, left, right))
        .into_iter()
        .collect()
}

/// Labels of both sides that can never be equal. What `or` adds is what does not match.
fn unlike(operator: &str, labels: &[String], left: &Shape, right: &Shape) -> Option<Problem> {
    let differ = |label: &&String| Some((left.fixed.get(*label)?, right.fixed.get(*label)?)).filter(|(one, other)| one != other);
    let (label, (one, other)) = labels.iter().filter(|_| operator != "or").find_map(|label| Some((label, differ(&label)?)))?;
    let problem = format!("the two sides of {operator} never match: {label} is {one} on the left and {other} on the right");
    Some(Problem::new(RULE, problem, operator, "match on labels that can be equal"))
}

/// What `group_left` and `group_right` bring along must be there.
fn brought(binary: &BinaryExpr, left: &Shape, right: &Shape) -> Option<Problem> {
    let (word, side, one, labels) = match binary.modifier.as_ref().map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToOne(labels)) => ("group_left", "right", right, labels),
        Some(VectorMatchCardinality::OneToMany(labels)) => ("group_right", "left", left, labels),
        _ => return None,
    };
    let label = labels.labels.iter().find(|label| !one.can_have(label))?;
    let problem = format!("the {side} side of {} has no label {label} for {word} to bring", binary.op);
    Some(Problem::new(RULE, problem, label, "bring labels that it has"))
}

/// Without `on`, all labels must be equal.
fn same(operator: &str, left: &BTreeSet<String>, right: &BTreeSet<String>, whole_left: &Shape, whole_right: &Shape) -> Vec<Problem> {
    let missing = |from: &BTreeSet<String>, sure: &BTreeSet<String>, all: &BTreeSet<String>| {
        all.iter().find(|label| sure.contains(*label) && !from.contains(*label)).cloned()
    };
    let (side, label) = match (missing(right, &whole_left.sure, left), missing(left, &whole_right.sure, right)) {
        (Some(label), _) => ("left", label),
        (_, Some(label)) => ("right", label),
        (None, None) => {
            let both: Vec<String> = left.intersection(right).cloned().collect();
            return unlike(operator, &both, whole_left, whole_right).into_iter().collect();
        }
    };
    let problem = format!("the two sides of {operator} never match: only the {side} one has {label}");
    vec![Problem::new(RULE, problem, operator, "say on which labels to match, with on (…)")]
}

fn on(binary: &BinaryExpr, operator: &str, labels: &[String], left: &Shape, right: &Shape) -> Vec<Problem> {
    for label in labels {
        for (side, shape) in [("left", left), ("right", right)] {
            if !shape.can_have(label) {
                let problem = format!("the {side} side of {operator} has no label {label} to match on");
                return vec![Problem::new(RULE, problem, label, "match on labels that both sides have")];
            }
        }
    }
    unlike(operator, labels, left, right)
        .or_else(|| brought(binary, left, right))
        .or_else(|| several(binary, operator, labels, left, right))
        .into_iter()
        .collect()
}

/// Whether one series would find several of the side that must be alone, when these labels are matched.
fn several(binary: &BinaryExpr, operator: &str, labels: &[String], left: &Shape, right: &Shape) -> Option<Problem> {
    let alone: &[(&str, &Shape)] = match binary.modifier.as_ref().map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToMany) | None => &[],
        Some(VectorMatchCardinality::ManyToOne(_)) => &[("right", right)],
        Some(VectorMatchCardinality::OneToMany(_)) => &[("left", left)],
        Some(VectorMatchCardinality::OneToOne) => &[("left", left), ("right", right)],
    };
    let several = alone.iter().find_map(|(side, shape)| {
        let more = shape.possible.iter().find(|label| !labels.contains(label) && !shape.fixed.contains_key(*label) && *label != "job")?;
        Some(format!("several series of the {side} side of {operator} can match one: they differ in {more}"))
    });
    several.map(|problem| Problem::new(RULE, problem, operator, "aggregate that label away first, or match on it too"))
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
    fn labels_that_group_left_brings_must_be_there() {
        let expected = "alert RedisDown: the right side of / has no label version for group_left to bring [promql/vector_matching]\n  | redis_db_keys / on (instance) group_left (version) redis_memory_max_bytes > 1\n  |                                           ^^^^^^^\n  = bring labels that it has";
        assert_eq!(said_of("redis_db_keys / on (instance) group_left (version) redis_memory_max_bytes > 1"), [expected]);
        let problem = problem_of("redis_memory_max_bytes / ignoring (db) group_right (version) redis_db_keys > 1");
        assert_eq!(problem, "the left side of / has no label version for group_right to bring [promql/vector_matching]");
    }

    #[test]
    fn ignored_labels_are_there_and_do_not_join_many() {
        let problem = problem_of("redis_memory_used_bytes / ignoring (db) redis_memory_max_bytes > 1");
        assert_eq!(problem, "neither side of / has a label db to ignore [promql/vector_matching]");
        let problem = problem_of("redis_memory_used_bytes / ignoring (db) redis_db_keys > 1");
        assert_eq!(problem, "several series of the right side of / can match one: they differ in db [promql/vector_matching]");
        assert_eq!(said_of("redis_db_keys / ignoring (db) group_left redis_memory_max_bytes > 1"), [""; 0]);
    }

    #[test]
    fn values_that_are_never_equal_are_found() {
        let problem = problem_of(r#"up{job="redis"} == 0 and on (job) up{job="node"}"#);
        assert_eq!(problem, "the two sides of and never match: job is redis on the left and node on the right [promql/vector_matching]");
        let problem = problem_of(r#"redis_db_keys{db="db0"} > on () group_left (db) redis_db_keys{db="db1"}"#);
        assert!(problem.starts_with("several series of the right side"), "{problem}");
        let problem = problem_of(r#"redis_db_keys{db="db0"} > redis_db_keys{db="db1"}"#);
        assert_eq!(problem, "the two sides of > never match: db is db0 on the left and db1 on the right [promql/vector_matching]");
        assert_eq!(said_of(r#"up{job="redis"} == 0 or up{job="node"} == 0"#), [""; 0]);
    }

    #[test]
    fn sides_that_match_pass() {
        assert_eq!(said_of("redis_memory_used_bytes / redis_memory_max_bytes > 0.9"), [""; 0]);
        assert_eq!(said_of("redis_db_keys / on (instance) group_left redis_memory_max_bytes > 0.9"), [""; 0]);
        assert_eq!(said_of("redis_db_keys{db=\"db0\"} / on (instance) redis_memory_max_bytes > 0.9"), [""; 0]);
    }
}
