//! Comparisons can hold, and can fail.

use promql_parser::parser::value::ValueType;
use promql_parser::parser::{BinaryExpr, Expr, UnaryExpr};

use super::range::{Outcome, Range};
use super::shape::infer;
use super::walk::bare;
use super::{Context, Problem};

const RULE: &str = "promql/impossible";

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let Expr::Binary(binary) = part else { return Vec::new() };
    if binary.op.is_comparison_operator() {
        with_number(binary, context).into_iter().collect()
    } else if binary.op.to_string() == "and" && binary.modifier.as_ref().is_none_or(|modifier| modifier.matching.is_none()) {
        contradiction(part, context).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// A comparison of series with a number, on whichever side it stands.
fn with_number(binary: &BinaryExpr, context: &Context<'_>) -> Option<Problem> {
    let (left, right) = (infer(&binary.lhs, context.known), infer(&binary.rhs, context.known));
    let written = binary.op.to_string();
    let number_of = |scalar: bool, range: Range| range.number().filter(|_| scalar);
    let (range, operator, number, part) = match (number_of(left.scalar, left.range), number_of(right.scalar, right.range)) {
        (None, Some(number)) => (left.range, written.as_str(), number, format!("{written} {number}")),
        (Some(number), None) => (right.range, turned(&written), number, format!("{number} {written}")),
        _ => return None,
    };
    let outcome = match range.compared(operator, number) {
        Outcome::Depends => return None,
        Outcome::Always => "always",
        Outcome::Never => "never",
    };
    Some(Problem::new(RULE, format!("{part} {outcome} holds here"), part, format!("values here {}", described(range.least, range.most))))
}

/// The same comparison with its sides exchanged.
fn turned(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// What series are compared with, and how.
type Limit = (String, String, f64);

/// Two limits of the same series that no value keeps.
fn contradiction(part: &Expr, context: &Context<'_>) -> Option<Problem> {
    let mut all = Vec::new();
    limits(part, context, &mut all);
    let excludes = |(series, operator, number): &Limit, (other, second, limit): &Limit| {
        series == other && Range::ANY.filtered(operator, *number).compared(second, *limit) == Outcome::Never
    };
    let pairs = all.iter().enumerate().flat_map(|(index, first)| all.iter().skip(index + 1).map(move |second| (first, second)));
    // The one way round knows a limit from what is beside it where the other does not.
    let (first, second) = pairs.into_iter().find(|(first, second)| excludes(first, second) || excludes(second, first))?;
    let part = format!("{} {}", second.1, second.2);
    Some(Problem::new(RULE, format!("{part} never holds together with {} {}", first.1, first.2), part, "one value cannot keep both limits"))
}

/// The limits that all must hold.
fn limits(expression: &Expr, context: &Context<'_>, found: &mut Vec<Limit>) {
    let Expr::Binary(binary) = bare(expression) else { return };
    let operator = binary.op.to_string();
    if operator == "and" {
        limits(&binary.lhs, context, found);
        limits(&binary.rhs, context, found);
    } else if binary.op.is_comparison_operator() && !binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool) {
        let number_of = |side: &Expr| Some(infer(side, context.known)).filter(|shape| shape.scalar).and_then(|shape| shape.range.number());
        match (number_of(&binary.lhs), number_of(&binary.rhs)) {
            (None, Some(number)) => found.push((bare(&binary.lhs).to_string(), operator, number)),
            (Some(number), None) => found.push((bare(&binary.rhs).to_string(), turned(&operator).to_owned(), number)),
            _ => {}
        }
    }
}

fn described(least: f64, most: f64) -> String {
    match (least.is_finite(), most.is_finite()) {
        (true, true) => format!("lie between {least} and {most}"),
        (true, false) => format!("are at least {least}"),
        _ => format!("are at most {most}"),
    }
}

/// Whether an expression is without series as long as nothing is wrong.
pub(super) fn is_condition(expression: &Expr) -> bool {
    match bare(expression) {
        Expr::Binary(binary) => {
            let operator = binary.op.to_string();
            match operator.as_str() {
                "or" => is_condition(&binary.lhs) && is_condition(&binary.rhs),
                "and" | "unless" => is_condition(&binary.lhs) || is_condition(&binary.rhs),
                _ if binary.op.is_comparison_operator() => !binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool),
                // A number that is added to a condition marks it, as the Down alerts do. Two series that are divided are no
                // condition, even if one of them is left out while it is 0.
                _ => is_scalar(&binary.lhs) && is_condition(&binary.rhs) || is_scalar(&binary.rhs) && is_condition(&binary.lhs),
            }
        }
        Expr::Unary(UnaryExpr { expr }) => is_condition(expr),
        Expr::Call(call) => ["absent", "absent_over_time"].contains(&call.func.name) || call.args.args.iter().any(|argument| is_condition(argument)),
        Expr::Aggregate(aggregate) => is_condition(&aggregate.expr),
        _ => false,
    }
}

fn is_scalar(expression: &Expr) -> bool {
    expression.value_type() == ValueType::Scalar
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn conditions_that_never_hold_are_found() {
        let expected =
            "alert RedisDown: == 2 never holds here [promql/impossible]\n  | redis_up == 2\n  |          ^^^^\n  = values here lie between 0 and 1";
        assert_eq!(said_of("redis_up == 2"), [expected]);
        assert_eq!(problem_of("rate(redis_commands_total[5m]) < 0"), "< 0 never holds here [promql/impossible]");
        assert_eq!(problem_of("1 - redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 1"), "> 1 never holds here [promql/impossible]");
    }

    #[test]
    fn conditions_that_always_hold_are_found() {
        assert_eq!(problem_of("rate(redis_commands_total[5m]) >= 0"), ">= 0 always holds here [promql/impossible]");
        assert_eq!(problem_of("count(redis_db_keys) > 0"), "> 0 always holds here [promql/impossible]");
    }

    #[test]
    fn numbers_may_stand_on_the_left() {
        let expected = "alert RedisDown: 2 == never holds here [promql/impossible]\n  | 2 == redis_up\n  | ^^^^\n  = values here lie between 0 and 1";
        assert_eq!(said_of("2 == redis_up"), [expected]);
        assert_eq!(problem_of("0 <= rate(redis_commands_total[5m])"), "0 <= always holds here [promql/impossible]");
        assert_eq!(said_of("0 < rate(redis_commands_total[5m])"), [""; 0]);
    }

    #[test]
    fn limits_that_exclude_each_other_are_found() {
        let expected = "alert RedisDown: < 3 never holds together with > 5 [promql/impossible]\n  | redis_connected_clients > 5 and redis_connected_clients < 3\n  |                                                         ^^^\n  = one value cannot keep both limits";
        assert_eq!(said_of("redis_connected_clients > 5 and redis_connected_clients < 3"), [expected]);
        let problem = problem_of("(redis_connected_clients < 3 and redis_memory_used_bytes > 1) and redis_connected_clients >= 3");
        assert_eq!(problem, ">= 3 never holds together with < 3 [promql/impossible]");
        assert_eq!(said_of("redis_connected_clients > 3 and redis_connected_clients < 5"), [""; 0]);
        // Another instance's value is another value.
        assert_eq!(said_of("redis_connected_clients > 5 and on () redis_connected_clients < 3"), [""; 0]);
    }

    #[test]
    fn guards_are_no_condition() {
        let guarded = "redis_memory_used_bytes / (redis_memory_max_bytes > 0)";
        assert_eq!(problem_of(guarded), "holds whenever its series exist [alerts/comparison]");
        assert_eq!(said_of(&format!("{guarded} > 0.9")), [""; 0]);
        assert_eq!(said_of("(redis_up == 0) + 1 or absent(redis_up) * 3"), [""; 0]);
    }

    #[test]
    fn alerts_without_a_condition_are_found() {
        assert_eq!(problem_of("redis_connected_clients"), "holds whenever its series exist [alerts/comparison]");
        assert_eq!(problem_of("redis_connected_clients > bool 5"), "holds whenever its series exist [alerts/comparison]");
        assert_eq!(problem_of("redis_up == 0 or redis_connected_clients"), "holds whenever its series exist [alerts/comparison]");
    }

    #[test]
    fn conditions_pass() {
        assert_eq!(said_of("redis_connected_clients > 5 and on (instance) redis_up"), [""; 0]);
        assert_eq!(said_of("absent(redis_up)"), [""; 0]);
    }
}
