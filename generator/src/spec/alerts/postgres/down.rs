//! `PostgreSQL` is gone.

use metric_catalogue::postgres::exporter::EXPORTER;

use super::POSTGRES;
use crate::spec::alert::{Alert, Page};
use crate::spec::alerts::down;
use crate::spec::component::POSTGRES_EXPORTER;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the Down alert, for the inhibition of what follows from it.
pub(crate) const DOWN: &str = "PostgresDown";

pub(super) fn alert() -> Alert {
    Alert {
        name: DOWN,
        expr: down::expression(POSTGRES_EXPORTER.job, &EXPORTER),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: down::summary("PostgreSQL", POSTGRES_EXPORTER.name, &EXPORTER),
        description: "Accounts, jobs and results are kept in it: the API answers 500, and tasks end without a place to write to.".to_owned(),
        meaning: "A login and a SELECT of the exporter have failed for a minute, or nobody has tried. Which of the three it is stands in the summary: the \
                  exporter is silent, PostgreSQL is silent (with the reason that the exporter met), or the series are absent.",
        causes: &[
            "The server was stopped, or replays its log after a crash and takes no sessions yet (reason `starting`).",
            "A full disk: it ends itself when it cannot write its log (PANIC: could not write to file \"pg_wal/…\").",
            "No slot is left for the exporter's role, and its kept session was lost (reason `too_many_connections`).",
            "The role's password or `pg_hba.conf` was changed (reasons `auth`, `permission`), or a certificate has expired (`tls`).",
            "Nothing listens at the address of POSTGRES_DSN, or it cannot be reached (reasons `refused`, `timeout`, `unreachable`, `dns`).",
            "The exporter's container does not run, or the job was left out of the rendered configuration.",
        ],
        queries: &[("The reason at each scrape", "pg_up_reason"), ("Did its sessions run out before", "pg_connections_used_ratio")],
        actions: &[
            "Silent exporter or absent series: `docker compose -f docker-compose.monitoring.yml logs --tail 50 postgres-exporter`.",
            "Silent PostgreSQL: `pg_isready -h <host> -p 5432` from the exporter's network; \"rejecting connections\" means that it starts or stops.",
            "`tail -n 100 /var/log/postgresql/*.log` (or `docker logs`) of the server: look for PANIC, FATAL and \"redo in progress\".",
            "`df -h` of the data directory before a restart: on a full disk it only fails again. Never delete files of pg_wal by hand.",
        ],
        page: Page::Targets(POSTGRES_EXPORTER.job),
        examples: examples(),
        ..Alert::owned_by(Service::Postgres)
    }
}

const UP: &str = r#"up{job="postgres",instance="postgres-exporter:9187"}"#;
const POSTGRES_UP: &str = r#"pg_up{job="postgres",instance="postgres-exporter:9187"}"#;
const STARTING: &str = r#"pg_up_reason{job="postgres",instance="postgres-exporter:9187",reason="starting"}"#;
const OTHER_UP: &str = r#"up{job="postgres",instance="standby-exporter:9187"}"#;
const OTHER_POSTGRES_UP: &str = r#"pg_up{job="postgres",instance="standby-exporter:9187"}"#;
const FOREIGN_POSTGRES_UP: &str = r#"pg_up{job="staging",instance="postgres-exporter:9187"}"#;

fn examples() -> Vec<Example> {
    let exporter_silent = Firing::new(POSTGRES, "postgres-exporter at postgres-exporter:9187 does not answer, so nothing is known of PostgreSQL");
    let starting = Firing::new(POSTGRES, "PostgreSQL does not answer postgres-exporter at postgres-exporter:9187 (reason: starting)");
    let page_without = Firing::new(POSTGRES, "PostgreSQL is not measured: its series are absent on the page of postgres-exporter:9187");
    let no_target = Firing::new(&[("job", "postgres")], "PostgreSQL is not measured: its series are absent");
    vec![
        Example::new(
            "the primary replays its log, and the standby is well",
            &[(UP, "1x20"), (POSTGRES_UP, "1x3 0x7 1x8"), (STARTING, "_x4 1x7 stale"), (OTHER_UP, "1x20"), (OTHER_POSTGRES_UP, "1x20")],
        )
        .quiet_at(seconds(105))
        .fires_at(seconds(120), starting)
        .quiet_at(seconds(180)),
        Example::new("the exporter dies, and comes back", &[(UP, "1x3 0x7 1x8"), (POSTGRES_UP, "1x3 _x8 1x8")])
            .quiet_at(seconds(105))
            .fires_at(seconds(120), exporter_silent)
            .quiet_at(seconds(180)),
        Example::new("PostgreSQL dies, and the exporter after it: one alert throughout", &[(UP, "1x2 0x17"), (POSTGRES_UP, "0x2 stale")])
            .quiet_at(seconds(45))
            .fires_at(seconds(60), exporter_silent),
        Example::missing("the page lacks pg_up", &[(UP, "1x20")]).quiet_at(seconds(45)).fires_at(seconds(60), page_without),
        Example::missing("no target is left", &[(r#"up{job="node",instance="host:9100"}"#, "1x20")])
            .quiet_at(seconds(45))
            .fires_at(seconds(60), no_target),
        Example::new(
            "it is well, and a server that another job watches is gone",
            &[(UP, "1x20"), (POSTGRES_UP, "1x20"), (r#"up{job="node",instance="host:9100"}"#, "0x20"), (FOREIGN_POSTGRES_UP, "0x20")],
        )
        .quiet_at(minutes(5)),
        Example::flapping("it restarts twice in just under a minute each", &[(UP, "1x20"), (POSTGRES_UP, "1x3 0x3 1 0x3 1x12")])
            .quiet_at(seconds(105))
            .quiet_at(seconds(180))
            .quiet_at(minutes(5)),
    ]
}
