//! The broker is gone.

use metric_catalogue::celery::exporter::EXPORTER;

use super::CELERY;
use crate::spec::alert::{Alert, Page};
use crate::spec::alerts::down as gone;
use crate::spec::component::CELERY_EXPORTER;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the Down alert, for the inhibition of what follows from it.
pub(crate) const DOWN: &str = "CeleryBrokerDown";

pub(super) fn down() -> Alert {
    Alert {
        name: DOWN,
        expr: gone::expression(CELERY_EXPORTER.job, &EXPORTER),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: gone::summary("Celery's broker", CELERY_EXPORTER.name, &EXPORTER),
        description: "The API cannot hand over tasks, and workers finish what they hold and get nothing new.".to_owned(),
        meaning: "For a minute the exporter has had no subscription to Celery's events or no answer about its queues, or is itself not heard of. The \
                  summary says which: the exporter is silent, the broker is silent (with the reason that the exporter met), or the series are \
                  absent.",
        causes: &[
            "The broker was stopped or restarts. If it is Redis, RedisDown fires beside this and says more.",
            "CELERY_BROKER_URL names another host, database or virtual host than the application uses (reasons `refused`, `dns`).",
            "The user's password was changed for the workers and not for the exporter (reason `auth`).",
            "The exporter's user may not subscribe to celeryev (reason `permission`).",
            "RabbitMQ blocks connections that publish since it is out of disk or memory, and no longer answers requests to workers.",
        ],
        queries: &[
            ("What the exporter last met at the broker", "celery_up_reason"),
            ("Seconds since the broker last answered it", "celery_broker_answer_age_seconds"),
        ],
        actions: &[
            "Silent exporter or absent series: `docker compose -f docker-compose.monitoring.yml logs celery-exporter`.",
            "`celery -A <app> inspect ping` from a worker's container: if it answers, only the exporter is cut off.",
            "RabbitMQ: `rabbitmqctl status` lists alarms; `rabbitmqctl list_permissions -p <vhost>` what the exporter may do.",
            "Once it is back, watch celery_workers_active: workers of old kombu versions do not reconnect and need a restart.",
        ],
        page: Page::Targets(CELERY_EXPORTER.job),
        examples: examples(),
        ..Alert::owned_by(Service::Celery)
    }
}

const UP: &str = r#"up{job="celery",instance="celery-exporter:9808"}"#;
const BROKER_UP: &str = r#"celery_up{job="celery",instance="celery-exporter:9808"}"#;
const REASON: &str = r#"celery_up_reason{job="celery",instance="celery-exporter:9808",reason="auth"}"#;
const TEST_UP: &str = r#"up{job="test",instance="celery-exporter:9808"}"#;
const TEST_BROKER_UP: &str = r#"celery_up{job="test",instance="celery-exporter:9808"}"#;
const OTHER_UP: &str = r#"up{job="celery",instance="other:9808"}"#;
const OTHER_BROKER_UP: &str = r#"celery_up{job="celery",instance="other:9808"}"#;

fn examples() -> Vec<Example> {
    let exporter_silent = firing("celery-exporter at celery-exporter:9808 does not answer, so nothing is known of Celery's broker");
    let refused = firing("Celery's broker does not answer celery-exporter at celery-exporter:9808 (reason: auth)");
    let page_without = firing("Celery's broker is not measured: its series are absent on the page of celery-exporter:9808");
    let no_target = Firing::new(&[("job", "celery")], "Celery's broker is not measured: its series are absent");
    vec![
        Example::new(
            "the broker takes another password, while that of another application is well",
            &[(UP, "1x20"), (BROKER_UP, "1x3 0x16"), (REASON, "_x4 1x16"), (OTHER_UP, "1x20"), (OTHER_BROKER_UP, "1x20")],
        )
        .quiet_at(seconds(105))
        .fires_at(seconds(120), refused),
        Example::new("the exporter dies, and comes back", &[(UP, "1x3 0x7 1x8"), (BROKER_UP, "1x3 _x8 1x8")])
            .quiet_at(seconds(105))
            .fires_at(seconds(120), exporter_silent)
            .quiet_at(seconds(180)),
        Example::new("the broker dies, and the exporter after it: one alert throughout", &[(UP, "1x2 0x17"), (BROKER_UP, "0x2 stale")])
            .quiet_at(seconds(45))
            .fires_at(seconds(60), exporter_silent),
        Example::missing("the page lacks celery_up", &[(UP, "1x20")]).quiet_at(seconds(45)).fires_at(seconds(60), page_without),
        Example::missing("no exporter is scraped", &[(r#"up{job="redis",instance="redis-exporter:9121"}"#, "1x20")])
            .quiet_at(seconds(45))
            .fires_at(seconds(60), no_target),
        Example::new(
            "broker and exporter are well, while a test page of another job shows the contrary",
            &[(UP, "1x20"), (BROKER_UP, "1x20"), (TEST_UP, "0x20"), (TEST_BROKER_UP, "0x20")],
        )
        .quiet_at(minutes(5)),
        Example::flapping("the broker is away for just under a minute, twice", &[(UP, "1x20"), (BROKER_UP, "1x3 0x3 1 0x3 1x12")])
            .quiet_at(seconds(105))
            .quiet_at(seconds(180))
            .quiet_at(minutes(5)),
    ]
}

/// The alert of the one instance of the examples.
fn firing(summary: &'static str) -> Firing {
    Firing::new(CELERY, summary)
}
