//! The host is gone.

use crate::spec::alert::{Alert, Page};
use crate::spec::component::NODE_EXPORTER;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the Down alert, for the inhibition of what follows from it.
pub(crate) const DOWN: &str = "HostDown";

const EXPRESSION: &str = r#"# node-exporter is silent: 1.
(up{job="node"} == 0) + 1
# No target at all: 3.
or
absent(up{job="node"}) * 3"#;

const SUMMARY: &str = "{{ if eq $value 1.0 }}node-exporter at {{ $labels.instance }} does not answer, so the host is down or cut off\
                       {{ else }}No host is measured: the job {{ $labels.job }} has no target{{ end }}";

const UP: &str = r#"up{job="node",instance="web-1:9100"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![Alert {
        name: DOWN,
        expr: EXPRESSION.to_owned(),
        // A reboot takes two minutes.
        lasting: minutes(3),
        severity: Severity::Critical,
        summary: SUMMARY.to_owned(),
        description: "If the host itself is gone, so is every service on it; if only node-exporter is, nobody sees its disks fill.".to_owned(),
        meaning: "For three minutes, longer than a reboot takes, node-exporter has not been heard. It runs in the host's own network, so in most \
                  cases the machine or its network is gone, and only rarely the exporter by itself.",
        causes: &[
            "The machine is off, hangs, or is stuck in its boot loader after a kernel update.",
            "A firewall rule of the host drops packets that come from Docker's bridge (the default address is that of docker0).",
            "HOST_GATEWAY in .env is not the address of docker0 on this machine, so node-exporter could not bind it.",
        ],
        queries: &[("Which hosts answered, over the last hours", r#"up{job="node"}"#), ("When it last started", "node_boot_time_seconds")],
        actions: &[
            "`ping` and `ssh` to the machine; without an answer, open the provider's console and read its last lines.",
            "With an answer: `docker compose -f docker-compose.monitoring.yml ps node-exporter`, then `ip -4 addr show docker0` against HOST_GATEWAY.",
            "From the Prometheus container: `wget -qO- http://host.docker.internal:9100/metrics | head` tells a firewall from a dead process.",
        ],
        page: Page::Targets(NODE_EXPORTER.job),
        examples: vec![
            Example::new("the host goes, and comes back", &[(UP, "1x3 0x15 1x8")])
                .quiet_at(seconds(225))
                .fires_at(seconds(240), Firing::new(super::HOST, "node-exporter at web-1:9100 does not answer, so the host is down or cut off"))
                .quiet_at(seconds(300)),
            Example::flapping("it reboots, and again", &[(UP, "1x3 0x10 1 0x10 1x8")]).quiet_at(seconds(210)).quiet_at(seconds(390)),
            Example::new("another job's target is down", &[(UP, "1x20"), (r#"up{job="redis",instance="redis-exporter:9121"}"#, "0x20")])
                .quiet_at(seconds(210)),
            Example::missing("no host is a target", &[(r#"up{job="redis",instance="redis-exporter:9121"}"#, "1x20")])
                .quiet_at(seconds(165))
                .fires_at(seconds(180), Firing::new(&[("job", "node")], "No host is measured: the job node has no target")),
        ],
        ..Alert::owned_by(Service::Host)
    }]
}
