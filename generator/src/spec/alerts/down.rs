//! What every Down alert has in common: a service is gone in one of three ways, and the text says in which.
//!
//! The way is the alert's value and not a label: a service that goes from one way to another (its exporter dies with it)
//! stays the same alert, whose `for` goes on and which is not sent twice.

use metric_catalogue::exporter::Exporter;

/// The exporter does not answer Prometheus.
const EXPORTER_SILENT: u8 = 1;
/// The exporter answers and the service does not.
const SERVICE_SILENT: u8 = 2;
/// There is no series to tell from: no such target, or a page without it.
const ABSENT: u8 = 3;

/// Holds for each instance whose service is gone.
pub(super) fn expression(job: &str, exporter: &Exporter) -> String {
    let up = exporter.up.name();
    // `up == 1` is already 1.
    let absent_after_up = ABSENT - 1;
    format!(
        r#"# The exporter is silent: {EXPORTER_SILENT}.
(up{{job="{job}"}} == 0) + {EXPORTER_SILENT}
# The service is silent: {SERVICE_SILENT}.
or on (job, instance)
({up}{{job="{job}"}} == 0) + {SERVICE_SILENT}
# A page without the service's series, or no target at all: {ABSENT}.
or on (job, instance)
(up{{job="{job}"}} == 1 unless on (job, instance) {up}) + {absent_after_up}
or
absent(up{{job="{job}"}}) * {ABSENT}"#
    )
}

/// Says which of the three it is, and the exporter's own reason where it has one.
pub(super) fn summary(service: &str, exporter_name: &str, exporter: &Exporter) -> String {
    let reason = exporter.up_reason.name();
    let silent = format!("{exporter_name} at {{{{ $labels.instance }}}} does not answer, so nothing is known of {service}");
    let refused = format!(
        r#"{service} does not answer {exporter_name} at {{{{ $labels.instance }}}}{{{{ range printf "{reason}{{instance=%q}} == 1" $labels.instance | query }}}} (reason: {{{{ .Labels.reason }}}}){{{{ end }}}}"#
    );
    let absent = format!("{service} is not measured: its series are absent{{{{ with $labels.instance }}}} on the page of {{{{ . }}}}{{{{ end }}}}");
    format!(
        "{{{{ if eq $value {EXPORTER_SILENT}.0 }}}}{silent}{{{{ else if eq $value {SERVICE_SILENT}.0 }}}}{refused}{{{{ else }}}}{absent}{{{{ end }}}}"
    )
}
