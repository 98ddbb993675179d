//! Comparisons can hold, and can fail.

use promql_parser::parser::{Expr, UnaryExpr};

use super::range::Outcome;
use super::shape::infer;
use super::walk::bare;
use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let Expr::Binary(binary) = part else { return Vec::new() };
    let (left, right) = (infer(&binary.lhs, context.known), infer(&binary.rhs, context.known));
    let operator = binary.op.to_string();
    let (Some(number), false, true) = (right.range.number().filter(|_| right.scalar), left.scalar, binary.op.is_comparison_operator()) else {
        return Vec::new();
    };
    let outcome = match left.range.compared(&operator, number) {
        Outcome::Depends => return Vec::new(),
        Outcome::Always => "always",
        Outcome::Never => "never",
    };
    let problem = format!("{operator} {number} {outcome} holds here");
    vec![Problem::new(
        "promql/impossible",
        problem,
        format!("{operator} {number}"),
        format!("values here {}", described(left.range.least, left.range.most)),
    )]
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
                // What is added to a condition marks it, as the Down alerts do.
                _ => is_condition(&binary.lhs) || is_condition(&binary.rhs),
            }
        }
        Expr::Unary(UnaryExpr { expr }) => is_condition(expr),
        Expr::Call(call) => ["absent", "absent_over_time"].contains(&call.func.name) || call.args.args.iter().any(|argument| is_condition(argument)),
        Expr::Aggregate(aggregate) => is_condition(&aggregate.expr),
        _ => false,
    }
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
