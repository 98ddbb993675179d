//! Compute units: what users have left, and how fast they go.

use super::SERVICE;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static LOW: Threshold =
    Threshold::number("USERS_COMPUTE_UNITS_LOW", 0.0, 1e9, "Each of them stops working within days unless somebody offers more units");

static EXHAUSTED: Threshold =
    Threshold::number("USERS_COMPUTE_UNITS_EXHAUSTED", 0.0, 1e9, "Each of them is refused with 402 from now on, and buys or leaves");

static ANOMALOUS: Threshold = Threshold::number(
    "COMPUTE_UNITS_ANOMALOUS",
    3.0,
    1e6,
    "From one week to the next consumption grows by a few percent; three times as much is a loop, a leak of an account, or a very large customer",
);

static USUAL: Threshold =
    Threshold::number("COMPUTE_UNITS_USUAL_PER_SECOND", 0.05, 1e9, "180 units an hour: three times nearly nothing is still nearly nothing");

const USERS_LOW: &str = r#"selextract_users_compute_units_low{job="selextract-api",instance="api:8000"}"#;
const USERS_LOW_SECOND: &str = r#"selextract_users_compute_units_low{job="selextract-api",instance="api-2:8000"}"#;
const USERS_EXHAUSTED: &str = r#"selextract_users_compute_units_exhausted{job="selextract-api",instance="api:8000"}"#;
const USERS_EXHAUSTED_SECOND: &str = r#"selextract_users_compute_units_exhausted{job="selextract-api",instance="api-2:8000"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![low(), exhausted(), anomalous()]
}

fn low() -> Alert {
    Alert {
        name: "ComputeUnitsLow",
        // Each instance reads the same table, so the largest is the number and the sum is not.
        expr: "max by (job) (selextract_users_compute_units_low) > USERS_COMPUTE_UNITS_LOW".to_owned(),
        thresholds: vec![&LOW],
        lasting: minutes(5),
        severity: Severity::Info,
        summary: r#"{{ printf "%.0f" $value }} {{ if eq $value 1.0 }}user has{{ else }}users have{{ end }} few compute units left"#.to_owned(),
        description: "Their next larger tasks will be refused. A mail before that happens sells more than one afterwards.".to_owned(),
        meaning: "That many users are below the threshold that the API was given (`--units.low`), those without any included. The number counts all users; \
                  the series by user names only the two hundred lowest.",
        causes: &[
            "Users near the end of what they bought, as every month.",
            "A task that consumes more than its user expects: ComputeUnitConsumptionAnomalous fires beside this.",
            "A threshold that was raised, or a plan whose units were cut.",
        ],
        queries: &[
            ("Who has least", "bottomk(10, max by (user_id) (selextract_user_compute_units_remaining))"),
            ("How the number went over the day", "max by (job) (selextract_users_compute_units_low)"),
        ],
        actions: &[
            "Write to the users at the top of the list, with the plan that would have lasted.",
            "Many at once: compare with `sum by (task_type) (rate(selextract_compute_units_consumed_total[1h]))` for a type that has become dear.",
            "If this is the usual state of the business, set `users_compute_units_low` in site.yaml to what is usual.",
        ],
        page: Page::Graph("max by (job) (selextract_users_compute_units_low)"),
        examples: vec![
            Example::new("one user runs low, and buys", &[(USERS_LOW, "0x3 1x23 0x20"), (USERS_LOW_SECOND, "0x4 1x23 0x20")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(SERVICE, "1 user has few compute units left"))
                .quiet_at(seconds(435)),
            Example::new("both instances count the same seven", &[(USERS_LOW, "7x40"), (USERS_LOW_SECOND, "7x40")])
                .fires_at(seconds(300), Firing::new(SERVICE, "7 users have few compute units left")),
            Example::at_threshold("everybody has enough", &[(USERS_LOW, "0x40"), (USERS_LOW_SECOND, "0x40")]).quiet_at(minutes(8)),
            Example::flapping("one user buys little and often", &[(USERS_LOW, "0x3 1x16 0 1x16 0x10")]).quiet_at(seconds(300)).quiet_at(seconds(570)),
            Example::missing("the database cannot be read", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Business)
    }
}

fn exhausted() -> Alert {
    Alert {
        name: "ComputeUnitsExhausted",
        expr: "max by (job) (selextract_users_compute_units_exhausted) > USERS_COMPUTE_UNITS_EXHAUSTED".to_owned(),
        thresholds: vec![&EXHAUSTED],
        lasting: minutes(5),
        severity: Severity::Info,
        summary: r#"{{ printf "%.0f" $value }} {{ if eq $value 1.0 }}user has{{ else }}users have{{ end }} used up all compute units"#.to_owned(),
        description: "Their tasks are refused with 402, scheduled ones included, until they buy or the period starts anew.".to_owned(),
        meaning: "That many accounts stand at exactly nothing. Those who stopped using the product count too, so what matters is a step, not the level.",
        causes: &[
            "Trial accounts that have tried enough.",
            "A customer whose schedules ran away over the weekend.",
            "A payment that failed, after which the units of the new period were not added.",
        ],
        queries: &[
            ("Accounts at nothing", "max by (user_id) (selextract_user_compute_units_remaining) == 0"),
            ("Requests refused for it", r#"sum by (endpoint) (rate(http_requests_total{status_code="402"}[1h]))"#),
            ("Did money still come in", "job_currency:selextract_revenue:increase6h"),
        ],
        actions: &[
            "Paying customers among them come first: was their last payment booked, and its units added?",
            "No payment at all since then: RevenueStopped, and the payment provider's webhook.",
            "Trials: they belong to sales; raise `users_compute_units_exhausted` in site.yaml above their usual number.",
        ],
        page: Page::Graph("max by (job) (selextract_users_compute_units_exhausted)"),
        examples: vec![
            Example::new("a trial ends, and becomes a customer", &[(USERS_EXHAUSTED, "0x3 1x23 0x20"), (USERS_EXHAUSTED_SECOND, "0x4 1x23 0x20")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(SERVICE, "1 user has used up all compute units"))
                .quiet_at(seconds(435)),
            Example::new("two instances see the same three", &[(USERS_EXHAUSTED, "3x40"), (USERS_EXHAUSTED_SECOND, "3x40")])
                .fires_at(seconds(300), Firing::new(SERVICE, "3 users have used up all compute units")),
            Example::at_threshold("some are low and nobody is at nothing", &[(USERS_LOW, "9x40"), (USERS_EXHAUSTED, "0x40")]).quiet_at(minutes(8)),
            Example::flapping("units are added within four minutes, twice", &[(USERS_EXHAUSTED, "0x3 1x16 0 1x16 0x10")])
                .quiet_at(seconds(300))
                .quiet_at(seconds(570)),
            Example::missing("the state has not been read yet", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Business)
    }
}

const CONSUMED: &str = r#"job:selextract_compute_units_consumed:rate1h{job="selextract-api"}"#;
const LAST_WEEK: &str = r#"job:selextract_compute_units_consumed:rate1h_last_week{job="selextract-api"}"#;

fn anomalous() -> Alert {
    Alert {
        name: "ComputeUnitConsumptionAnomalous",
        expr: "job:selextract_compute_units_consumed:rate1h
  / clamp_min(job:selextract_compute_units_consumed:rate1h_last_week, COMPUTE_UNITS_USUAL_PER_SECOND)
  > COMPUTE_UNITS_ANOMALOUS"
            .to_owned(),
        thresholds: vec![&ANOMALOUS, &USUAL],
        lasting: minutes(15),
        severity: Severity::Info,
        summary: r#"Users consume {{ printf "%.1f" $value }} times the compute units of the same hour last week"#.to_owned(),
        description: "Somebody's bill grows faster than they know, or our own costs do: proxies and workers are paid by what they do.".to_owned(),
        meaning: "The mean of the last hour is over three times that of the same hour a week ago (or of a small fixed rate, where that hour was quiet). Weekdays and \
                  times of day are in the comparison; growth over months is not noticed.",
        causes: &[
            "A schedule that starts itself again, or an SDK that retries without a pause.",
            "An account whose token leaked.",
            "A new large customer, or a campaign.",
            "A holiday last week: the quiet hour was then, not now.",
        ],
        queries: &[
            ("Who consumes, at least", "topk(10, sum by (user_id) (rate(selextract_compute_units_consumed_total[1h])))"),
            ("With what kind of task", "sum by (task_type) (rate(selextract_compute_units_consumed_total[1h]))"),
        ],
        actions: &[
            "One name in the list: look at their tasks of the hour; if they are all alike, ask before you stop them.",
            "Mostly `other`: it is many small ones; compare with registrations of the same hour for a campaign or abuse of trials.",
            "A leaked token: revoke the account's sessions, and credit what was consumed.",
        ],
        page: Page::Graph("job:selextract_compute_units_consumed:rate1h or job:selextract_compute_units_consumed:rate1h_last_week"),
        examples: vec![
            Example::new("a schedule runs away, and is stopped", &[(CONSUMED, "2x3 8x63 2x20"), (LAST_WEEK, "2x90")])
                .quiet_at(seconds(945))
                .fires_at(seconds(960), Firing::new(SERVICE, "Users consume 4.0 times the compute units of the same hour last week"))
                .quiet_at(seconds(1020)),
            Example::new("it was quiet last week, and is not now", &[(CONSUMED, "0.0x3 0.2x70"), (LAST_WEEK, "0x90")])
                .quiet_at(seconds(945))
                .fires_at(seconds(960), Firing::new(SERVICE, "Users consume 4.0 times the compute units of the same hour last week")),
            Example::at_threshold("exactly three times as many", &[(CONSUMED, "6x80"), (LAST_WEEK, "2x80")]).quiet_at(minutes(19)),
            Example::new("a few units, where there were none", &[(CONSUMED, "0.1x80"), (LAST_WEEK, "0x80")]).quiet_at(minutes(19)),
            Example::flapping("a large crawl of ten minutes, twice", &[(CONSUMED, "2x3 20x40 2 20x40 2x5"), (LAST_WEEK, "2x90")])
                .quiet_at(minutes(10))
                .quiet_at(minutes(20)),
            Example::missing("the product is in its first week", &[(CONSUMED, "9x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Business)
    }
    .allow("alerts/unit", "a ratio above one reads better as a factor")
}
