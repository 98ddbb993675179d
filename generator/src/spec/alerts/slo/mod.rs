//! Alerts about objectives whose budget of errors goes too fast.

mod availability;
mod latency;
mod tasks;

use crate::spec::alert::Alert;

pub(super) fn all() -> Vec<Alert> {
    [availability::all(), latency::all(), tasks::all()].into_iter().flatten().collect()
}

/// Labels of the API of the examples.
const API: &[(&str, &str)] = &[("job", "selextract-api")];

#[cfg(test)]
mod tests {
    use crate::spec::severity::Severity;

    /// Long and short window with the factor times the budget, both exceeded.
    fn pair(name: &str, (long, short): (&str, &str), limit: &str) -> String {
        let ratio = |window: &str| format!("job:slo_{name}_errors:ratio_rate{window} > {limit}");
        format!("{} and {}", ratio(long), ratio(short))
    }

    #[test]
    fn burn_rates_are_those_of_the_workbook() {
        const FAST: [(&str, &str); 2] = [("1h", "5m"), ("6h", "30m")];
        const SLOW: [(&str, &str); 2] = [("1d", "2h"), ("3d", "6h")];
        let expected = [
            ("ApiAvailabilityBudgetBurn", Severity::Critical, "api_availability", FAST.to_vec(), vec!["0.0144", "0.006"]),
            ("ApiAvailabilityBudgetBurnSlow", Severity::Warning, "api_availability", SLOW.to_vec(), vec!["0.003", "0.001"]),
            ("ApiLatencyBudgetBurn", Severity::Critical, "api_latency", FAST.to_vec(), vec!["0.144", "0.06"]),
            ("ApiLatencyBudgetBurnSlow", Severity::Warning, "api_latency", SLOW.to_vec(), vec!["0.03", "0.01"]),
        ];
        let alerts = super::all();
        assert_eq!(alerts.len(), expected.len() + 1);
        for (alert, (name, severity, slo, windows, limits)) in alerts.iter().zip(expected) {
            assert_eq!((alert.name, alert.severity), (name, severity));
            let pairs: Vec<String> = windows.into_iter().zip(limits).map(|(windows, limit)| pair(slo, windows, limit)).collect();
            let (first, rest) = alert.expr.split_once("\n)\nand avg_over_time(").unwrap();
            assert_eq!(first, format!("(\n  {}", pairs.join("\n  or\n  ")), "{name}");
            assert!(rest.starts_with(&format!("job:slo_{slo}_events:rate5m[")), "{name} has no guard against little traffic");
        }
    }

    #[test]
    fn tasks_warn_at_all_four_pairs() {
        let alerts = super::all();
        let alert = alerts.last().unwrap();
        assert_eq!((alert.name, alert.severity), ("TaskSuccessBudgetBurn", Severity::Warning));
        let of = |windows: [(&str, &str); 2], limits: [&str; 2], traffic_over: &str| {
            let [first, second] = [0, 1].map(|index| pair("task_success", windows[index], limits[index]));
            format!("(\n(\n  {first}\n  or\n  {second}\n)\nand avg_over_time(job:slo_task_success_events:rate5m[{traffic_over}]) > 0.003\n)")
        };
        let fast = of([("1h", "5m"), ("6h", "30m")], ["0.144", "0.06"], "1h");
        let slow = of([("1d", "2h"), ("3d", "6h")], ["0.03", "0.01"], "6h");
        assert_eq!(alert.expr, format!("{fast}\nor\n{slow}"));
    }
}
