//! Queries that the texts of an alert make while they are expanded.

/// The expressions of a text: in each `{{ … | query … }}` what stands between its quotes, with a value for each `%q`.
pub(crate) fn of(text: &str) -> impl Iterator<Item = String> {
    let actions = text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0));
    actions.filter(|action| action.split_whitespace().any(|word| word == "query")).filter_map(quoted)
}

fn quoted(action: &str) -> Option<String> {
    let (_, rest) = action.split_once('"')?;
    let (expression, _) = rest.rsplit_once('"')?;
    Some(expression.replace("%q", "\"\"").replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queries_are_taken() {
        let text =
            r#"{{ $labels.job }}{{ range printf "up{job=%q}" $labels.job | query }}{{ .Value }}{{ end }}{{ with query "x{a=\"b\"}" }}{{ end }}"#;
        assert_eq!(of(text).collect::<Vec<_>>(), [r#"up{job=""}"#, r#"x{a="b"}"#]);
    }
}
