//! Labels from which others are made are there: of one that is missing `label_replace` makes the empty text, silently.

use promql_parser::parser::Expr;

use super::shape::infer;
use super::walk::bare;
use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    let Expr::Call(call) = part else { return Vec::new() };
    let name = call.func.name;
    // `label_replace(series, new, replacement, source, expression)`, `label_join(series, new, separator, source…)`.
    let sources = match name {
        "label_replace" => 1,
        "label_join" => usize::MAX,
        _ => return Vec::new(),
    };
    let Some(series) = call.args.args.first().map(|series| infer(series, context.known)) else { return Vec::new() };
    let texts = call.args.args.iter().skip(3).take(sources).filter_map(|argument| match bare(argument) {
        Expr::StringLiteral(text) => Some(text.val.as_str()),
        _ => None,
    });
    // An empty source is how a constant is written.
    let missing = texts.filter(|label| !label.is_empty() && !series.can_have(label));
    let has = || series.possible.iter().cloned().collect::<Vec<_>>().join(", ");
    missing
        .map(|label| {
            let problem = format!("{name} reads the label {label}, which its series have not");
            Problem::new("promql/label", problem, label, format!("its labels are {}", has()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn missing_sources_are_found() {
        let expected = "alert RedisDown: label_replace reads the label host, which its series have not [promql/label]\n  | label_replace(redis_up, \"name\", \"$1\", \"host\", \"(.*)\") == 0\n  |                                        ^^^^\n  = its labels are instance, job";
        assert_eq!(said_of(r#"label_replace(redis_up, "name", "$1", "host", "(.*)") == 0"#), [expected]);
        let problem = problem_of(r#"label_join(redis_up, "name", "-", "job", "host") == 0"#);
        assert_eq!(problem, "label_join reads the label host, which its series have not [promql/label]");
    }

    #[test]
    fn known_sources_and_constants_pass() {
        assert_eq!(said_of(r#"label_replace(redis_up, "name", "$1", "instance", "(.*):.*") == 0"#), [""; 0]);
        assert_eq!(said_of(r#"label_replace(redis_up, "name", "constant", "", "") == 0"#), [""; 0]);
        assert_eq!(said_of(r#"label_join(redis_up, "name", "-", "job", "instance") == 0"#), [""; 0]);
    }
}
