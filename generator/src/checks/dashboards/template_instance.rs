//! A page is narrowed to some targets by the variable `instance`.

use super::{Finding, View, variable};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    variable::check(view, "template-instance-rule", "instance", "Instance")
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use crate::spec::dashboard::{Choices, Variable};

    #[test]
    fn missing_and_odd_variables_are_found() {
        let missing = "dashboard selextract-redis: has no variable instance [template-instance-rule]";
        assert!(problems_of(|dashboard| dashboard.variables.retain(|variable| variable.name != "instance")).contains(&missing.to_owned()));
        let of_variable = |change: fn(&mut Variable)| problems_of(|dashboard| change(&mut dashboard.variables[2]));
        let said = |what: &str| [format!("dashboard selextract-redis: variable instance {what} [template-instance-rule]")];
        assert_eq!(of_variable(|variable| variable.label = "Where"), said("is shown as \"Where\""));
        assert_eq!(of_variable(|variable| variable.multiple = false), said("takes one value only"));
        assert_eq!(of_variable(|variable| variable.all = Some(".*")), said("has another value for All"));
        let fixed = Choices::LabelValues { datasource: "prometheus", selector: "redis_up", label: "instance" };
        assert_eq!(of_variable(|variable| variable.choices = Choices::DataSources("prometheus"))[1..], said("lists data sources"));
        let mut variable = Variable::label_values("instance", "Instance", "redis_up");
        variable.choices = fixed;
        assert_eq!(problems_of(|dashboard| dashboard.variables[2] = variable), said("asks the data source prometheus"));
    }

    #[test]
    fn the_common_one_passes() {
        assert_eq!(problems_of(|dashboard| dashboard.variables[2] = Variable::label_values("instance", "Instance", "redis_up")), [""; 0]);
    }
}
