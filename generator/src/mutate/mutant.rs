//! The mutants of one alert.

use super::MutateError;
use super::change::{self, Change};
use crate::set::{Expression, Role, Rule, visit};

/// An alert with one change.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    pub(super) alert: String,
    /// What was changed, in a few words.
    pub(super) change: String,
    /// Whether it is the severity: unit tests write the rule's own, so that any other is noticed by construction.
    pub(super) of_severity: bool,
    pub(super) rule: Rule,
}

/// Every mutant of an alert whose expression is still `PromQL`.
pub(super) fn all(rule: &Rule) -> Result<Vec<Mutant>, MutateError> {
    let alert = rule.alert.clone().unwrap_or_default();
    let expression = rule.expression().map_err(|reason| MutateError::Promql { subject: rule.subject(), reason })?;
    let mut mutants = Vec::new();
    for (place, change) in places(&expression) {
        let mut mutated = expression.clone();
        let mut index = 0;
        visit(&mut mutated.0, Role::Plain, &mut |node, _| {
            if index == place {
                change.apply(node);
            }
            index += 1;
        });
        let text = mutated.text();
        if mutated != expression && Expression::parse(&text).is_ok() {
            mutants.push(Mutant { alert: alert.clone(), change: change.to_string(), of_severity: false, rule: Rule { expr: text, ..rule.clone() } });
        }
    }
    let severity = rule.severity();
    mutants.extend(around_the_expression(rule).map(|(change, rule)| {
        let of_severity = rule.severity() != severity;
        Mutant { alert: alert.clone(), change, of_severity, rule }
    }));
    Ok(mutants)
}

/// Every change to a node of the expression, with the number of the node in the order of a visit.
fn places(expression: &Expression) -> Vec<(usize, Change)> {
    let mut places = Vec::new();
    let mut index = 0;
    visit(&mut expression.0.clone(), Role::Plain, &mut |node, role| {
        places.extend(change::all(node, role).into_iter().map(|change| (index, change)));
        index += 1;
    });
    places
}

/// `for` and severity.
fn around_the_expression(rule: &Rule) -> impl Iterator<Item = (String, Rule)> {
    let lasting = rule.r#for.as_deref().filter(|lasting| *lasting != "0s");
    let removed = lasting.map(|lasting| (format!("for {lasting} removed"), Rule { r#for: None, ..rule.clone() }));
    let severity = rule.severity().to_owned();
    let other = if severity == "critical" { "warning" } else { "critical" };
    let mut changed = rule.clone();
    let present = changed.labels.insert("severity".to_owned(), other.to_owned()).is_some();
    removed.into_iter().chain(present.then(|| (format!("severity {severity} to {other}"), changed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(expr: &str, lasting: &str) -> Vec<(String, String)> {
        let rule = Rule {
            record: None,
            alert: Some("A".to_owned()),
            expr: expr.to_owned(),
            r#for: Some(lasting.to_owned()),
            keep_firing_for: None,
            labels: [("severity".to_owned(), "warning".to_owned())].into(),
            annotations: [].into(),
        };
        all(&rule).unwrap().into_iter().map(|mutant| (mutant.change, mutant.rule.expr)).collect()
    }

    #[test]
    fn each_mutant_has_one_change() {
        let found = changes(r#"sum by (instance) (rate(x_total{mode="a"}[5m])) > 0.5"#, "0s");
        let expected = [
            ("comparator > 0.5 to >= 0.5", r#"sum by (instance) (rate(x_total{mode="a"}[5m])) >= 0.5"#),
            ("comparator > 0.5 to < 0.5", r#"sum by (instance) (rate(x_total{mode="a"}[5m])) < 0.5"#),
            ("label instance of sum dropped", r#"sum(rate(x_total{mode="a"}[5m])) > 0.5"#),
            ("window of x_total 5m to 20m", r#"sum by (instance) (rate(x_total{mode="a"}[20m])) > 0.5"#),
            ("window of x_total 5m to 1m15s", r#"sum by (instance) (rate(x_total{mode="a"}[1m15s])) > 0.5"#),
            (r#"matcher mode="a" of x_total dropped"#, r"sum by (instance) (rate(x_total[5m])) > 0.5"),
            ("threshold 0.5 to 1", r#"sum by (instance) (rate(x_total{mode="a"}[5m])) > 1"#),
            ("threshold 0.5 to 0.25", r#"sum by (instance) (rate(x_total{mode="a"}[5m])) > 0.25"#),
            ("severity warning to critical", r#"sum by (instance) (rate(x_total{mode="a"}[5m])) > 0.5"#),
        ];
        assert_eq!(
            found.iter().map(|(change, expr)| (change.as_str(), expr.replace("  ", " "))).collect::<Vec<_>>(),
            expected.map(|(c, e)| (c, e.to_owned()))
        );
    }

    #[test]
    fn nothing_is_invented_where_nothing_can_be_changed() {
        assert_eq!(changes("vector(1)", "0s").len(), 1);
        assert_eq!(changes("vector(1)", "1m").len(), 2);
    }

    #[test]
    fn parameters_are_scaled_and_codes_are_not() {
        let found: Vec<String> = changes("(predict_linear(x[1h], 4) < 0) + 3 or y == 0", "0s").into_iter().map(|(change, _)| change).collect();
        assert!(
            found.contains(&"parameter 4 to 8".to_owned()) && found.iter().filter(|change| *change == "threshold 0 to 1").count() == 1,
            "{found:?}"
        );
        assert!(!found.iter().any(|change| change.contains(" 3 ")), "{found:?}");
    }
}
