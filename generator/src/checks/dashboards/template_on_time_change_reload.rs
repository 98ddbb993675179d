//! Choices are looked up again when the time changes: what was there last week may be gone.

use super::{Finding, View};
use crate::spec::dashboard::{Choices, Refresh};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let queried = view.dashboard.variables.iter().filter(|variable| matches!(variable.choices, Choices::LabelValues { .. }));
    let stale = queried.filter(|variable| variable.refresh != Refresh::OnTimeChange);
    let finding = |name: &str| {
        let remedy = "let it refresh on time change";
        view.finding("template-on-time-change-reload-rule", format!("variable {name} keeps the choices of another time"), remedy)
    };
    stale.map(|variable| finding(variable.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use crate::spec::dashboard::Refresh;

    #[test]
    fn choices_that_stay_are_found() {
        let expected = "dashboard selextract-redis: variable job keeps the choices of another time [template-on-time-change-reload-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.variables[1].refresh = Refresh::OnLoad), [expected]);
    }

    #[test]
    fn choices_that_follow_pass() {
        assert_eq!(problems_of(|dashboard| dashboard.variables[1].refresh = Refresh::OnTimeChange), [""; 0]);
    }
}
