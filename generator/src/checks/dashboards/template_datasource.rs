//! One variable chooses the data source, under the name that every page uses.

use super::{Finding, View};
use crate::spec::dashboard::{Choices, Variable};

const RULE: &str = "template-datasource-rule";

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let all: Vec<&Variable> = view.dashboard.variables.iter().filter(|variable| matches!(variable.choices, Choices::DataSources(_))).collect();
    let [variable] = all.as_slice() else {
        return vec![view.finding(RULE, format!("has {} variables of data sources", all.len()), "give it one: Variable::datasource()")];
    };
    let good = Variable::datasource();
    let mut findings = Vec::new();
    if (variable.name, variable.label) != (good.name, good.label) {
        let problem = format!("its data source is called {} (\"{}\")", variable.name, variable.label);
        findings.push(view.finding(RULE, problem, format!("call it {} (\"{}\")", good.name, good.label)));
    }
    if variable.choices != good.choices {
        findings.push(view.finding(RULE, "its data source is no Prometheus", "choose among data sources of the kind prometheus"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use crate::spec::dashboard::{Choices, Variable};

    #[test]
    fn other_data_sources_are_found() {
        let two = "dashboard selextract-redis: has 2 variables of data sources [template-datasource-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.variables.push(Variable::datasource())), [two]);
        let name = "dashboard selextract-redis: its data source is called datasource (\"Source\") [template-datasource-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.variables[0].label = "Source"), [name]);
        let kind = "dashboard selextract-redis: its data source is no Prometheus [template-datasource-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.variables[0].choices = Choices::DataSources("loki")), [kind]);
    }

    #[test]
    fn the_common_one_passes() {
        assert_eq!(problems_of(|dashboard| dashboard.variables[0] = Variable::datasource()), [""; 0]);
    }
}
