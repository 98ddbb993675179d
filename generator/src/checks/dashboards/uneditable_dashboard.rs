//! A page that is rendered is not edited in Grafana: the next rendering would undo it.

use super::{Finding, View};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let finding = || view.finding("uneditable-dashboard", "can be edited in Grafana", "leave `editable` false: changes belong into the spec");
    view.dashboard.editable.then(finding).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn editable_pages_are_found() {
        let expected = "dashboard selextract-redis: can be edited in Grafana [uneditable-dashboard]";
        assert_eq!(problems_of(|dashboard| dashboard.editable = true), [expected]);
    }

    #[test]
    fn pages_that_are_not_pass() {
        assert_eq!(problems_of(|dashboard| dashboard.editable = false), [""; 0]);
    }
}
