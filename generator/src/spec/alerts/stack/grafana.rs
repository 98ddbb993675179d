//! Grafana is gone.

use crate::spec::alert::{Alert, Page};
use crate::spec::component::GRAFANA;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;

/// Name of the Down alert, for the inhibition of what follows from it.
pub(crate) const DOWN: &str = "GrafanaDown";

const UP: &str = r#"up{job="grafana",instance="grafana:3000"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![Alert {
        name: DOWN,
        expr: r#"# Grafana is silent: 1.
(up{job="grafana"} == 0) + 1
# No target at all: 3.
or
absent(up{job="grafana"}) * 3"#
            .to_owned(),
        lasting: minutes(1),
        summary:
            "{{ if eq $value 1.0 }}Grafana at {{ $labels.instance }} does not answer{{ else }}Grafana is not measured: the job has no target{{ end }}"
                .to_owned(),
        description: "Dashboards and the runbooks that alerts link to cannot be opened. Alerts themselves do not need Grafana.".to_owned(),
        meaning: "Prometheus got no page from Grafana for a minute. The runbooks are also in the rendered set, below `runbooks/`.",
        causes: &[
            "A plugin or a provisioning file that it does not start with.",
            "GRAFANA_ADMIN_PASSWORD is not set, so its secret is missing.",
            "Its SQLite file is locked or on a full volume (`grafana-data`).",
        ],
        queries: &[("Has it been restarting", r#"changes(process_start_time_seconds{job="grafana"}[1h])"#)],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml logs --tail 50 grafana`: the last `level=error` line.",
            "A provisioning error: render the set again, then `docker compose -f docker-compose.monitoring.yml restart grafana`.",
        ],
        page: Page::Targets(GRAFANA.job),
        examples: vec![
            Example::new("it stops, and comes back", &[(UP, "1x3 0x9 1x8")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), Firing::new(&[("job", "grafana"), ("instance", "grafana:3000")], "Grafana at grafana:3000 does not answer"))
                .quiet_at(seconds(210)),
            Example::new("another target does not answer", &[(UP, "1x20"), (r#"up{job="redis",instance="redis-exporter:9121"}"#, "0x20")])
                .quiet_at(seconds(75)),
            Example::flapping("it restarts twice", &[(UP, "1x3 0x3 1 0x3 1x8")]).quiet_at(seconds(105)).quiet_at(seconds(180)),
            Example::missing("it is not a target", &[])
                .quiet_at(seconds(45))
                .fires_at(seconds(60), Firing::new(&[("job", "grafana")], "Grafana is not measured: the job has no target")),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }]
}
