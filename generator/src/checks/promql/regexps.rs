//! Regular expressions are needed where they stand, and match something.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::Expr;

use super::{Context, Problem};

pub(super) fn check(part: &Expr, _above: &[&Expr], _context: &Context<'_>) -> Vec<Problem> {
    match part {
        Expr::VectorSelector(selector) => selector.matchers.matchers.iter().filter_map(of_matcher).collect(),
        Expr::MatrixSelector(matrix) => matrix.vs.matchers.matchers.iter().filter_map(of_matcher).collect(),
        _ => Vec::new(),
    }
}

fn of_matcher(matcher: &Matcher) -> Option<Problem> {
    let (written, plain) = match matcher.op {
        MatchOp::Re(_) => ("=~", "="),
        MatchOp::NotRe(_) => ("!~", "!="),
        MatchOp::Equal | MatchOp::NotEqual => return None,
    };
    let Matcher { name, value, .. } = matcher;
    if value.starts_with('^') || value.ends_with('$') {
        return Some(Problem::new("promql/regexp", format!("{name}{written}\"{value}\" is anchored already"), value, "leave ^ and $ out"));
    }
    if value == ".*" {
        return Some(Problem::new("promql/regexp", format!("{name}{written}\"{value}\" matches everything"), value, "leave the matcher out"));
    }
    let special = |letter: char| r".+*?()|[]{}\".contains(letter);
    (!value.contains(special))
        .then(|| Problem::new("promql/regexp", format!("{name}{written}\"{value}\" is no pattern"), value, format!("write {name}{plain}\"{value}\"")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn patterns_that_are_none_are_found() {
        assert_eq!(problem_of(r#"redis_db_keys{db=~"db0"} > 1"#), "db=~\"db0\" is no pattern [promql/regexp]");
        assert_eq!(problem_of(r#"redis_db_keys{db=~"^db.$"} > 1"#), "db=~\"^db.$\" is anchored already [promql/regexp]");
        assert_eq!(problem_of(r#"redis_db_keys{db=~".*"} > 1"#), "db=~\".*\" matches everything [promql/regexp]");
    }

    #[test]
    fn patterns_pass() {
        assert_eq!(said_of(r#"redis_db_keys{db=~"db[0-3]|db9"} > 1"#), [""; 0]);
    }
}
