//! What variables that narrow a page to some targets have in common.

use super::{Finding, View};
use crate::spec::dashboard::{Choices, DATA_SOURCE, Variable};

/// What is wrong with the variable of a target's label.
pub(super) fn check(view: &View<'_>, rule: &'static str, name: &str, label: &str) -> Vec<Finding> {
    let Some(variable) = view.dashboard.variables.iter().find(|variable| variable.name == name) else {
        let remedy = format!("add Variable::label_values(\"{name}\", \"{label}\", …)");
        return vec![view.finding(rule, format!("has no variable {name}"), remedy)];
    };
    let wrong = [
        (variable.label != label, format!("is shown as \"{}\"", variable.label), format!("label it \"{label}\"")),
        (!variable.multiple, "takes one value only".to_owned(), "let several be chosen".to_owned()),
        (
            variable.all != Some(".+"),
            "has another value for All".to_owned(),
            "let All be .+, so that no series without the label comes in".to_owned(),
        ),
    ];
    let wrong = wrong.into_iter().filter(|(wrong, ..)| *wrong).map(|(_, problem, remedy)| (problem, remedy)).chain(choices(variable, name));
    wrong.map(|(problem, remedy)| view.finding(rule, format!("variable {name} {problem}"), remedy)).collect()
}

fn choices(variable: &Variable, name: &str) -> Option<(String, String)> {
    match variable.choices {
        Choices::LabelValues { label, .. } if label != name => Some((format!("lists the values of {label}"), format!("list those of {name}"))),
        // A fixed one shows the choices of another installation.
        Choices::LabelValues { datasource, .. } if datasource != DATA_SOURCE => {
            Some((format!("asks the data source {datasource}"), format!("ask {DATA_SOURCE}, which the reader has chosen")))
        }
        Choices::LabelValues { .. } => None,
        Choices::DataSources(_) => Some(("lists data sources".to_owned(), format!("list the values of {name}"))),
    }
}
