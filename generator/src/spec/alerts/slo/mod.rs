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
            ("TaskSuccessBudgetBurn", Severity::Warning, "task_success", [FAST, SLOW].concat(), vec!["0.144", "0.06", "0.03", "0.01"]),
        ];
        let alerts = super::all();
        assert_eq!(alerts.len(), expected.len());
        for (alert, (name, severity, slo, windows, limits)) in alerts.iter().zip(expected) {
            assert_eq!((alert.name, alert.severity), (name, severity));
            let pairs: Vec<String> = windows.into_iter().zip(limits).map(|(windows, limit)| pair(slo, windows, limit)).collect();
            let (first, rest) = alert.expr.split_once("\n)\nand avg_over_time(").unwrap();
            assert_eq!(first, format!("(\n  {}", pairs.join("\n  or\n  ")), "{name}");
            assert!(rest.starts_with(&format!("job:slo_{slo}_events:rate5m[")), "{name} has no guard against little traffic");
        }
    }
}
