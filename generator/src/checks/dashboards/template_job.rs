//! A page is narrowed to some jobs by the variable `job`.

use super::{Finding, View, variable};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    variable::check(view, "template-job-rule", "job", "Job")
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use crate::spec::dashboard::{Choices, Variable};

    #[test]
    fn missing_and_odd_variables_are_found() {
        let missing = "dashboard selextract-redis: has no variable job [template-job-rule]";
        assert!(problems_of(|dashboard| dashboard.variables.retain(|variable| variable.name != "job")).contains(&missing.to_owned()));
        let of_variable = |change: fn(&mut Variable)| problems_of(|dashboard| change(&mut dashboard.variables[1]));
        let said = |what: &str| [format!("dashboard selextract-redis: variable job {what} [template-job-rule]")];
        assert_eq!(of_variable(|variable| variable.label = "Where"), said("is shown as \"Where\""));
        assert_eq!(of_variable(|variable| variable.multiple = false), said("takes one value only"));
        assert_eq!(of_variable(|variable| variable.all = Some(".*")), said("has another value for All"));
        let fixed = Choices::LabelValues { datasource: "prometheus", selector: "redis_up", label: "job" };
        assert_eq!(of_variable(|variable| variable.choices = Choices::DataSources("prometheus"))[1..], said("lists data sources"));
        let mut variable = Variable::label_values("job", "Job", "redis_up");
        variable.choices = fixed;
        assert_eq!(problems_of(|dashboard| dashboard.variables[1] = variable), said("asks the data source prometheus"));
    }

    #[test]
    fn the_common_one_passes() {
        assert_eq!(problems_of(|dashboard| dashboard.variables[1] = Variable::label_values("job", "Job", "redis_up")), [""; 0]);
    }
}
