//! Only what every supported Prometheus, from 2.42 on, can read: the parser knows the newest one's language.

use promql_parser::parser::Expr;

use super::{Context, Problem};
use crate::spec::duration::Duration;

const RULE: &str = "promql/features";

/// What is written in a way that an older Prometheus cannot read.
pub(super) fn of_text(text: &str) -> Vec<Problem> {
    let problem = |what: &str, part: &str, remedy: &str| {
        Problem::new(RULE, format!("{what} {part} cannot be read by every Prometheus from 2.42 to 3.x"), part, remedy)
    };
    let mut problems = Vec::new();
    for Token { word, quoted, bracket, before } in tokens(text) {
        let number = word.parse::<f64>().is_ok();
        let time =
            word.split(':').all(|part| part.is_empty() || Duration::parse(part).is_some()) && word.contains(|letter: char| letter.is_alphabetic());
        if quoted && bracket == Some('{') && !before.ends_with(['=', '~']) {
            problems.push(problem("the quoted name", &word, "write the metric's name in front of the braces, and labels without quotes"));
        } else if !quoted && bracket == Some('[') && word.split(':').any(|part| part.parse::<f64>().is_ok()) {
            problems.push(problem("the window of plain seconds", &word, "write its unit, as in 5m"));
        } else if !quoted && before.ends_with("offset") && number {
            problems.push(problem("the offset of plain seconds", &word, "write its unit, as in 5m"));
        } else if !quoted && bracket.is_none_or(|bracket| bracket == '(') && time && !before.ends_with("offset") {
            problems.push(problem("the length of time", &word, "write the number of seconds"));
        }
    }
    problems
}

/// What only the parsed expression shows.
pub(super) fn check(part: &Expr, _above: &[&Expr], _context: &Context<'_>) -> Vec<Problem> {
    let Expr::Binary(binary) = part else { return Vec::new() };
    let fills = binary.modifier.as_ref().is_some_and(|modifier| modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some());
    let problem = || Problem::new(RULE, "fill cannot be read by every Prometheus from 2.42 to 3.x", "fill", "add what is missing with `or`");
    fills.then(problem).into_iter().collect()
}

/// A word, or a text between quotes.
struct Token {
    word: String,
    quoted: bool,
    /// The innermost bracket that it stands in.
    bracket: Option<char>,
    /// The word or sign before it.
    before: String,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut brackets = Vec::new();
    let mut before = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut word = String::new();
        let quoted = matches!(letter, '"' | '\'' | '`');
        if quoted {
            while let Some(next) = letters.next().filter(|next| *next != letter) {
                word.push(next);
                if next == '\\' && letter != '`' {
                    word.extend(letters.next());
                }
            }
        } else if letter == '#' {
            while letters.next().is_some_and(|next| next != '\n') {}
            continue;
        } else if is_word(letter) {
            word.push(letter);
            while let Some(next) = letters.next_if(|next| is_word(*next)) {
                word.push(next);
            }
        } else {
            match letter {
                '(' | '[' | '{' => brackets.push(letter),
                ')' | ']' | '}' => drop(brackets.pop()),
                _ => {}
            }
            let is_sign = matches!(letter, '-' | '+') && before == "offset";
            if !letter.is_whitespace() && !is_sign {
                before = letter.to_string();
            }
            continue;
        }
        tokens.push(Token { word: word.clone(), quoted, bracket: brackets.last().copied(), before: std::mem::replace(&mut before, word) });
    }
    tokens
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '.')
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problem_of, said_of};

    #[test]
    fn what_only_newer_versions_read_is_found() {
        let cannot = "cannot be read by every Prometheus from 2.42 to 3.x [promql/features]";
        let expected = format!(
            "alert RedisDown: the window of plain seconds 300 {cannot}\n  | rate(redis_commands_total[300]) > 1\n  |                           ^^^\n  = write its unit, as in 5m"
        );
        assert_eq!(said_of("rate(redis_commands_total[300]) > 1"), [expected]);
        assert_eq!(problem_of("redis_connected_clients offset 300 > 1"), format!("the offset of plain seconds 300 {cannot}"));
        assert_eq!(problem_of("redis_uptime_in_seconds < 5m"), format!("the length of time 5m {cannot}"));
        assert!(said_of(r#"{"redis_up", job="redis"} == 0"#)[0].starts_with(&format!("alert RedisDown: the quoted name redis_up {cannot}")));
        assert_eq!(problem_of(r#"redis_up{"job"="redis"} == 0"#), format!("the quoted name job {cannot}"));
        assert_eq!(problem_of("redis_memory_used_bytes / fill(1) redis_memory_max_bytes > 1"), format!("fill {cannot}"));
    }

    #[test]
    fn what_all_versions_read_passes() {
        assert_eq!(said_of("# within 5m\nmax_over_time(redis_up{job=\"redis\"}[1h:5m] offset 5m) < 0.5"), [""; 0]);
        assert_eq!(said_of(r#"label_replace(redis_up, "name", "5m", "job", "redis") == 0"#), [""; 0]);
        assert_eq!(said_of("avg_over_time(instance:redis_commands:rate5m[5m]) > 1e3"), [""; 0]);
    }
}
