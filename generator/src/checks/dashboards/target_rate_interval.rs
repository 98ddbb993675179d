//! Rates look back as far as Grafana says, which follows the scrape interval and the width of the picture.

use promql_parser::parser::{self, Expr};

use super::{Finding, View};
use crate::checks::promql;

/// Functions whose window decides how smooth the picture is.
const FUNCTIONS: [&str; 3] = ["rate", "irate", "increase"];

/// Stands for Grafana's interval where an expression is parsed: no one writes it.
const MARK: &str = "97531ms";

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let fixed = view.targets().filter(|(_, target)| has_fixed_window(&view.filled(&target.replace("$__rate_interval", MARK))));
    fixed
        .map(|(panel, target)| {
            let remedy = "write [$__rate_interval]";
            view.of_panel(panel, "target-rate-interval-rule", "takes a rate over a fixed window", remedy).underlining(target, "")
        })
        .collect()
}

fn has_fixed_window(expression: &str) -> bool {
    let Ok(expression) = parser::parse(expression) else { return false };
    let mut found = false;
    promql::walk(&expression, &mut Vec::new(), &mut |part, above| {
        let Expr::MatrixSelector(matrix) = part else { return };
        let in_rate = above.iter().any(|outer| matches!(outer, Expr::Call(call) if FUNCTIONS.contains(&call.func.name)));
        found |= in_rate && format!("{}ms", matrix.range.as_millis()) != MARK;
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn fixed_windows_are_found() {
        let expected = "dashboard selextract-redis, panel \"Commands\": takes a rate over a fixed window [target-rate-interval-rule]";
        let rate = r#"rate(redis_commands_total{job=~"$job",instance=~"$instance"}[5m])"#;
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![rate]), [expected]);
    }

    #[test]
    fn windows_of_grafana_pass() {
        let rate = r#"rate(redis_commands_total{job=~"$job",instance=~"$instance"}[$__rate_interval])"#;
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![rate]), [""; 0]);
        let average = r#"avg_over_time(redis_connected_clients{job=~"$job",instance=~"$instance"}[1h])"#;
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![average]), [""; 0]);
    }
}
