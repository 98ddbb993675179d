//! What is divided by is not nothing when nothing happens: 0 / 0 is NaN, with which no comparison holds.

use promql_parser::parser::Expr;

use super::shape::infer;
use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let Expr::Binary(binary) = part else { return Vec::new() };
    if !["/", "%"].contains(&binary.op.to_string().as_str()) {
        return Vec::new();
    }
    let divisor = infer(&binary.rhs, context.known);
    if divisor.scalar && divisor.range.number() == Some(0.0) {
        return vec![Problem::new("promql/nan", "divides by zero", "/", "divide by something else")];
    }
    if divisor.scalar || !divisor.flow || !divisor.range.holds_zero() {
        return Vec::new();
    }
    let remedy = "put the divisor into parentheses with > 0, so that there is no series while nothing happens";
    vec![Problem::new("promql/nan", "divides by what is 0 while nothing happens", "/", remedy)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn idle_divisors_are_found() {
        let problem = problem_of("rate(redis_keyspace_hits_total[5m]) / rate(redis_keyspace_misses_total[5m]) > 1");
        assert_eq!(problem, "divides by what is 0 while nothing happens [promql/nan]");
        assert_eq!(problem_of("redis_connected_clients / 0 > 1"), "divides by zero [promql/nan]");
    }

    #[test]
    fn guarded_divisors_pass() {
        assert_eq!(said_of("rate(redis_keyspace_hits_total[5m]) / (rate(redis_keyspace_misses_total[5m]) > 0) > 1"), [""; 0]);
        assert_eq!(said_of("rate(redis_keyspace_hits_total[5m]) / clamp_min(rate(redis_keyspace_misses_total[5m]), 1) > 1"), [""; 0]);
    }
}
