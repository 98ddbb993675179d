//! Alerts about scraping itself.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::Duration;
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the alert that a service's own Down alert inhibits.
pub(crate) const DOWN: &str = "TargetDown";

const DESCRIPTION: &str = "What this target measures is unknown until it answers again, and alerts about it cannot fire.";

pub(super) fn all() -> Vec<Alert> {
    vec![Alert {
        name: DOWN,
        expr: "up == 0".to_owned(),
        lasting: Duration::minutes(1),
        severity: Severity::Warning,
        service: Service::Monitoring,
        summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer its scrapes".to_owned(),
        description: DESCRIPTION.to_owned(),
        meaning: "For a minute Prometheus has not got a page from this target. A service's own Down alert of the same instance says the same \
                  and more, and inhibits this one.",
        causes: &[
            "The program was stopped, or restarts again and again.",
            "It answers later than the scrape timeout.",
            "Its page is over one of the job's limits (the target's error says which).",
            "For the job node: the host's firewall drops what comes from Docker's networks.",
        ],
        actions: &[
            "Open the targets page: the column Error says what Prometheus met.",
            "`docker compose -f docker-compose.monitoring.yml ps`, then the logs of what is not healthy.",
        ],
        page: Page::AllTargets,
        examples: examples(),
    }]
}

fn examples() -> Vec<Example> {
    vec![
        Example::new("node-exporter stops, and comes back", &[(r#"up{job="node",instance="host.docker.internal:9100"}"#, "1x3 0x7 1x8")])
            .quiet_at(Duration::seconds(105))
            .fires_at(
                Duration::seconds(120),
                Firing {
                    labels: &[("job", "node"), ("instance", "host.docker.internal:9100")],
                    summary: "node at host.docker.internal:9100 does not answer its scrapes",
                    description: DESCRIPTION,
                },
            )
            .quiet_at(Duration::seconds(180)),
        Example::new("every target answers", &[(r#"up{job="node",instance="host.docker.internal:9100"}"#, "1x20")]).quiet_at(Duration::minutes(5)),
        Example::new("no target is left", &[]).quiet_at(Duration::minutes(5)),
    ]
}
