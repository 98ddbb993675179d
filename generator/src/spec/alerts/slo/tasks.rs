//! How much of the budget for failed tasks is used up.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{Duration, minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::slo;

const TASKS: &[(&str, &str)] = &[("job", "celery")];

const EVENTS: &str = r#"job:slo_task_success_events:rate5m{job="celery"}"#;
const FIVE_MINUTES: &str = r#"job:slo_task_success_errors:ratio_rate5m{job="celery"}"#;
const HALF_AN_HOUR: &str = r#"job:slo_task_success_errors:ratio_rate30m{job="celery"}"#;
const HOUR: &str = r#"job:slo_task_success_errors:ratio_rate1h{job="celery"}"#;
const TWO_HOURS: &str = r#"job:slo_task_success_errors:ratio_rate2h{job="celery"}"#;
const SIX_HOURS: &str = r#"job:slo_task_success_errors:ratio_rate6h{job="celery"}"#;
const DAY: &str = r#"job:slo_task_success_errors:ratio_rate1d{job="celery"}"#;
const THREE_DAYS: &str = r#"job:slo_task_success_errors:ratio_rate3d{job="celery"}"#;

/// Failed tasks can be run again, so nobody gets up for them: all four pairs are one warning.
pub(super) fn all() -> Vec<Alert> {
    vec![Alert {
        name: "TaskSuccessBudgetBurn",
        // Over a day there may be hours without tasks: what happened slowly needs traffic over as long as the API's slow alerts.
        expr: [(slo::FAST, Duration::hours(1)), (slo::SLOW, Duration::hours(6))]
            .map(|(burns, traffic_over)| format!("(\n{}\n)", slo::task_success().burning(burns, traffic_over)))
            .join("\nor\n"),
        lasting: minutes(5),
        summary: "{{ $value | humanizePercentage }} of Celery tasks fail, more than the objective of {{ $labels.job }} allows".to_owned(),
        description: "Work that users have paid for does not get done; 99 % success over 30 days is at risk.".to_owned(),
        meaning: "Of the attempts that ended in success or failure, too many were failures, over an hour, six hours, a day or three. Retries and \
                  revoked tasks count on neither side.",
        causes: &[
            "One kind of task whose input changed: a site that is extracted has a new layout.",
            "A proxy provider that refuses: see ProxyFailureRateHigh.",
            "Time limits that are too short for what the tasks do now.",
        ],
        queries: &[
            ("Failures by task and exception", "topk(5, sum by (task_name, error_type) (rate(celery_task_failed_total[5m])))"),
            ("Budget left", "job:slo_task_success_budget_remaining:ratio30d"),
        ],
        actions: &[
            "The first row of the query above names the task and the class of its exception; the worker's log has the traceback.",
            "Exceptions of the network: stop the task's schedule instead of burning compute units on it.",
            "After the cause is mended, send the failed tasks again from their arguments in the result backend.",
        ],
        page: Page::Graph("job:slo_task_success_errors:ratio_rate1h"),
        examples: examples(),
        ..Alert::owned_by(Service::Celery)
    }]
}

fn examples() -> Vec<Example> {
    vec![
        Example::new("an hour of failures, which ends", &[(HOUR, "0x3 0.16x60"), (FIVE_MINUTES, "0x3 0.16x23 0x40"), (EVENTS, "1x60")])
            .quiet_at(seconds(345))
            .fires_at(seconds(360), Firing::new(TASKS, "16% of Celery tasks fail, more than the objective of celery allows"))
            .quiet_at(seconds(420)),
        Example::new("six hours of them", &[(SIX_HOURS, "0x3 0.07x60"), (HALF_AN_HOUR, "0.07x63"), (EVENTS, "0.005x63")])
            .fires_at(seconds(360), Firing::new(TASKS, "7% of Celery tasks fail, more than the objective of celery allows")),
        Example::new("a day of them", &[(DAY, "0x3 0.035x60"), (TWO_HOURS, "0.035x63"), (EVENTS, "1x63")])
            .fires_at(seconds(360), Firing::new(TASKS, "3.5% of Celery tasks fail, more than the objective of celery allows")),
        Example::new("three days of them", &[(THREE_DAYS, "0x3 0.012x60"), (SIX_HOURS, "0.012x63"), (EVENTS, "0.005x63")])
            .fires_at(seconds(360), Firing::new(TASKS, "1.2% of Celery tasks fail, more than the objective of celery allows")),
        Example::at_threshold(
            "exactly at the factors of an hour and of six",
            &[(HOUR, "0.144x40"), (FIVE_MINUTES, "0.3x40"), (SIX_HOURS, "0.06x40"), (HALF_AN_HOUR, "0.3x40"), (EVENTS, "1x40")],
        )
        .quiet_at(minutes(8)),
        Example::at_threshold(
            "exactly at those of five minutes and of thirty",
            &[(HOUR, "0.3x40"), (FIVE_MINUTES, "0.144x40"), (SIX_HOURS, "0.3x40"), (HALF_AN_HOUR, "0.06x40"), (EVENTS, "1x40")],
        )
        .quiet_at(minutes(8)),
        Example::at_threshold(
            "exactly at those of a day and of three",
            &[(DAY, "0.03x40"), (TWO_HOURS, "0.3x40"), (THREE_DAYS, "0.01x40"), (SIX_HOURS, "0.3x40"), (EVENTS, "1x40")],
        )
        .quiet_at(minutes(8)),
        Example::at_threshold(
            "exactly at those of two hours and of six",
            &[(DAY, "0.3x40"), (TWO_HOURS, "0.03x40"), (THREE_DAYS, "0.3x40"), (SIX_HOURS, "0.01x40"), (EVENTS, "1x40")],
        )
        .quiet_at(minutes(8)),
        Example::new("tasks come to an end after ten minutes", &[(HOUR, "0.3x30"), (FIVE_MINUTES, "0.3x30"), (EVENTS, "0.06x2 0.0006x27")])
            .coarse()
            .fires_at(minutes(45), Firing::new(TASKS, "30% of Celery tasks fail, more than the objective of celery allows"))
            .quiet_at(minutes(100)),
        Example::new("the last tasks of the day came hours ago", &[(DAY, "0.3x90"), (TWO_HOURS, "0.3x90"), (EVENTS, "0.12x2 0.0006x87")])
            .coarse()
            .fires_at(minutes(200), Firing::new(TASKS, "30% of Celery tasks fail, more than the objective of celery allows"))
            .quiet_at(minutes(400)),
        Example::at_threshold("hardly a task in six hours", &[(DAY, "0.3x40"), (TWO_HOURS, "0.3x40"), (EVENTS, "0.003x40")]).quiet_at(minutes(8)),
        Example::missing("no task has ended for six hours", &[(DAY, "0.3x40"), (TWO_HOURS, "0.3x40")]).quiet_at(minutes(8)),
        Example::at_threshold("hardly a task in five minutes", &[(HOUR, "0.3x40"), (FIVE_MINUTES, "0.3x40"), (EVENTS, "0.003x40")])
            .quiet_at(minutes(8)),
        Example::flapping("four bad minutes, twice", &[(HOUR, "0.16x40"), (FIVE_MINUTES, "0x3 0.3x16 0 0.3x16 0x5"), (EVENTS, "1x40")])
            .quiet_at(seconds(300))
            .quiet_at(seconds(570)),
        Example::missing("no task has ended", &[(HOUR, "0.3x40"), (FIVE_MINUTES, "0.3x40")]).quiet_at(minutes(8)),
    ]
}
