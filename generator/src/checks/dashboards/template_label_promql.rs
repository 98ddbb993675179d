//! What a variable looks its choices up in is a selector of a known metric that has the label.

use promql_parser::parser;

use super::{Finding, View, target_counter_agg};
use crate::checks::promql;
use crate::spec::dashboard::Choices;

const RULE: &str = "template-label-promql-rule";

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for variable in &view.dashboard.variables {
        let Choices::LabelValues { selector, label, .. } = variable.choices else { continue };
        let text = view.filled(selector);
        let subject = format!("{}, variable {}", view.dashboard.subject(), variable.name);
        let said = promql::expression(&subject, view.dashboard.location, &text, view.context);
        // Whether its values are a counter's does not matter to a list of labels.
        let said: Vec<Finding> =
            said.into_iter().filter(|finding| finding.rule() != target_counter_agg::SOURCE).map(|finding| finding.renamed(RULE)).collect();
        let is_sound = said.is_empty();
        findings.extend(said);
        let has = parser::parse(&text).is_ok_and(|expression| promql::infer(&expression, view.context.known).can_have(label));
        if !has && is_sound {
            findings.push(view.finding(RULE, format!("variable {}: {selector} has no label {label}", variable.name), "name a metric that has it"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use crate::spec::dashboard::Variable;

    #[test]
    fn selectors_of_nothing_are_found() {
        let unknown = "dashboard selextract-redis, variable job: no job exposes redis_upp [template-label-promql-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.variables[1] = Variable::label_values("job", "Job", "redis_upp")), [unknown]);
        let broken = problems_of(|dashboard| dashboard.variables[1] = Variable::label_values("job", "Job", "redis_up{"));
        assert!(broken[0].starts_with("dashboard selextract-redis, variable job: not PromQL: "), "{broken:?}");
        let label = "dashboard selextract-redis: variable cmd: redis_up has no label cmd [template-label-promql-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.variables.push(Variable::label_values("cmd", "Command", "redis_up"))), [label]);
    }

    #[test]
    fn each_variable_is_looked_at() {
        let said = problems_of(|dashboard| {
            dashboard.variables[1] = Variable::label_values("job", "Job", "redis_upp");
            dashboard.variables.push(Variable::label_values("cmd", "Command", "redis_up"));
        });
        let label = "dashboard selextract-redis: variable cmd: redis_up has no label cmd [template-label-promql-rule]";
        assert_eq!((said.len(), said.last().map(String::as_str)), (2, Some(label)));
    }

    #[test]
    fn selectors_of_a_known_metric_pass() {
        let variable = Variable::label_values("cmd", "Command", r#"redis_commands_total{job=~"$job"}"#);
        assert_eq!(problems_of(|dashboard| dashboard.variables.push(variable)), [""; 0]);
    }
}
