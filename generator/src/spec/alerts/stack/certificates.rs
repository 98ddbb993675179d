//! Certificates that our own endpoints serve.

use crate::spec::alert::{Alert, Page};
use crate::spec::component;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static EXPIRES_SOON: Threshold = Threshold::number(
    "CERTIFICATE_EXPIRES_SECONDS",
    1_209_600.0,
    31_536_000.0,
    "Two weeks: automatic renewal happens a month before, so by now it has failed for two weeks and two weeks are left",
);

const EXPIRY: &str = r#"redis_exporter_web_certificate_expiry_timestamp_seconds{job="redis",instance="redis-exporter:9121"}"#;
const POSTGRES_EXPIRY: &str = r#"pg_exporter_web_certificate_expiry_timestamp_seconds{job="postgres",instance="postgres-exporter:9187"}"#;
const CELERY_EXPIRY: &str = r#"celery_exporter_web_certificate_expiry_timestamp_seconds{job="celery",instance="celery-exporter:9808"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![expires_soon()]
}

/// One comparison per exporter, since each says it under its own namespace.
fn expires_soon() -> Alert {
    let ours = component::ALL.into_iter().filter_map(|component| component.exporter).map(|exporter| exporter.web_certificate_expiry.name());
    let all: Vec<String> = ours.map(|name| format!("{name} - time() < CERTIFICATE_EXPIRES_SECONDS")).collect();
    Alert {
        name: "CertificateExpiresSoon",
        expr: all.join("\nor\n"),
        thresholds: vec![&EXPIRES_SOON],
        lasting: minutes(5),
        summary: "The certificate of {{ $labels.instance }} expires in {{ $value | humanizeDuration }}".to_owned(),
        description: "After that Prometheus refuses to scrape the exporter, and what it measures is unknown.".to_owned(),
        meaning: "The first certificate in the exporter's web configuration file is near the end of its validity. A certificate that has \
                  already expired shows a negative time.",
        causes: &[
            "The job that renews it has failed, or nobody renews it.",
            "It was renewed, but into another file than the one that `cert_file` names.",
            "The renewed pair is broken, so the exporter kept the old one.",
        ],
        queries: &[
            ("Seconds left by exporter", "redis_exporter_web_certificate_expiry_timestamp_seconds - time()"),
            ("Exporters that refused their last web configuration", "redis_exporter_web_config_reload_success == 0"),
        ],
        actions: &[
            "Renew the certificate and put it where `cert_file` and `key_file` of the web configuration point: it is read within a second, without a restart.",
            "If it is there already, the exporter's log says why it was not taken.",
        ],
        page: Page::Graph("redis_exporter_web_certificate_expiry_timestamp_seconds - time()"),
        examples: examples(),
        scales: false,
        ..Alert::owned_by(Service::Monitoring)
    }
}

fn examples() -> Vec<Example> {
    vec![
        Example::new("it comes near its end, and is renewed", &[(EXPIRY, "1209660x25 7776000x20")])
            .quiet_at(seconds(360))
            .fires_at(
                seconds(375),
                Firing::new(
                    &[("job", "redis"), ("instance", "redis-exporter:9121")],
                    "The certificate of redis-exporter:9121 expires in 13d 23h 54m 45s",
                ),
            )
            .quiet_at(seconds(390)),
        Example::new("those of the other exporters come near their end", &[(POSTGRES_EXPIRY, "1209660x40"), (CELERY_EXPIRY, "1209660x40")])
            .quiet_at(seconds(360))
            .all_fire_at(
                seconds(375),
                vec![
                    Firing::new(
                        &[("job", "postgres"), ("instance", "postgres-exporter:9187")],
                        "The certificate of postgres-exporter:9187 expires in 13d 23h 54m 45s",
                    ),
                    Firing::new(
                        &[("job", "celery"), ("instance", "celery-exporter:9808")],
                        "The certificate of celery-exporter:9808 expires in 13d 23h 54m 45s",
                    ),
                ],
            ),
        Example::at_threshold(
            "exactly two weeks, all the time",
            &[(EXPIRY, "1209600+15x40"), (POSTGRES_EXPIRY, "1209600+15x40"), (CELERY_EXPIRY, "1209600+15x40")],
        )
        .quiet_at(minutes(9)),
        Example::flapping("the old one and the new one in turns", &[(EXPIRY, "1209000x16 7776000 1209000x16 7776000x10")])
            .quiet_at(seconds(300))
            .quiet_at(seconds(510)),
        Example::missing("the exporter serves no TLS", &[]).quiet_at(minutes(9)),
    ]
}
