//! Users and money that no longer come, against the same hours last week.

use super::SERVICE;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static REGISTRATIONS_USUAL: Threshold = Threshold::number(
    "REGISTRATIONS_USUAL",
    10.0,
    1e9,
    "Where ten are usual, an hour without any happens by chance once in 20,000 hours; where five are, once in six days",
);

static NONE: Threshold = Threshold::number("REGISTRATIONS_NONE", 0.0, 1e9, "Stopped is stopped; a site with thousands may call ten stopped");

static REVENUE_USUAL: Threshold =
    Threshold::number("REVENUE_USUAL", 100.0, 1e12, "Less than two monthly plans in six hours can fail to come by chance");

static NO_REVENUE: Threshold = Threshold::number("REVENUE_NONE", 0.0, 1e12, "A single payment shows that payments work");

const REGISTERED: &str = r#"job:selextract_user_registrations:increase1h{job="selextract-api"}"#;
const REGISTERED_LAST_WEEK: &str = r#"job:selextract_user_registrations:increase1h_last_week{job="selextract-api"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![registrations_stopped(), revenue_stopped()]
}

fn registrations_stopped() -> Alert {
    Alert {
        name: "RegistrationsStopped",
        expr: "job:selextract_user_registrations:increase1h_last_week > REGISTRATIONS_USUAL
and job:selextract_user_registrations:increase1h <= REGISTRATIONS_NONE"
            .to_owned(),
        thresholds: vec![&REGISTRATIONS_USUAL, &NONE],
        lasting: minutes(15),
        severity: Severity::Info,
        summary: r#"Nobody has registered for an hour; in the same hour last week {{ printf "%.0f" $value }} did"#.to_owned(),
        description: "New users meet a form that does not work, or no longer find it. They do not complain, they leave.".to_owned(),
        meaning: "No registration has succeeded within the hour, although the hour is one in which there usually are some. The same weekday and hour are compared, \
                  so nights and weekends do not fire this.",
        causes: &[
            "The form is broken: a script error, a captcha whose key has expired, a field that the API newly demands.",
            "Mails of confirmation are not delivered, and registration waits for them.",
            "An advertisement that brought them has ended, or last week's hour had a campaign.",
        ],
        queries: &[
            ("Attempts by their status", r#"sum by (status_code) (increase(http_requests_total{endpoint="/register"}[1h]))"#),
            (
                "Registrations in an hour, now and then",
                "job:selextract_user_registrations:increase1h or job:selextract_user_registrations:increase1h_last_week",
            ),
        ],
        actions: &[
            "Register yourself, in a private window and on a phone.",
            "Attempts with 4xx: what does the form send that the API refuses since the last release?",
            "No attempts at all: it is before the API; the landing page, the campaign, DNS.",
        ],
        page: Page::Graph("job:selextract_user_registrations:increase1h"),
        examples: vec![
            Example::new("the form breaks, and is mended", &[(REGISTERED, "12x3 0x63 3x20"), (REGISTERED_LAST_WEEK, "15x90")])
                .quiet_at(seconds(945))
                .fires_at(seconds(960), Firing::new(SERVICE, "Nobody has registered for an hour; in the same hour last week 15 did"))
                .quiet_at(seconds(1020)),
            Example::at_threshold("ten registered last week", &[(REGISTERED, "0x80"), (REGISTERED_LAST_WEEK, "10x80")]).quiet_at(minutes(19)),
            Example::new("a few still come", &[(REGISTERED, "1x80"), (REGISTERED_LAST_WEEK, "15x80")]).quiet_at(minutes(19)),
            Example::flapping("one in eleven minutes", &[(REGISTERED, "0x43 1 0x30 1 0x5"), (REGISTERED_LAST_WEEK, "15x90")])
                .quiet_at(minutes(10))
                .quiet_at(seconds(1140)),
            Example::missing("the API was away for the hour", &[(REGISTERED_LAST_WEEK, "15x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Business)
    }
}

const REVENUE: &str = r#"job_currency:selextract_revenue:increase6h{job="selextract-api",currency="EUR"}"#;
const REVENUE_LAST_WEEK: &str = r#"job_currency:selextract_revenue:increase6h_last_week{job="selextract-api",currency="EUR"}"#;
const DOLLARS: &str = r#"job_currency:selextract_revenue:increase6h{job="selextract-api",currency="USD"}"#;
const DOLLARS_LAST_WEEK: &str = r#"job_currency:selextract_revenue:increase6h_last_week{job="selextract-api",currency="USD"}"#;
const EUROS: &[(&str, &str)] = &[("job", "selextract-api"), ("currency", "EUR")];

fn revenue_stopped() -> Alert {
    Alert {
        name: "RevenueStopped",
        // After a restart there is no series before the first payment: absent is nothing here.
        expr: "job_currency:selextract_revenue:increase6h_last_week > REVENUE_USUAL
unless job_currency:selextract_revenue:increase6h > REVENUE_NONE"
            .to_owned(),
        thresholds: vec![&REVENUE_USUAL, &NO_REVENUE],
        lasting: minutes(30),
        severity: Severity::Info,
        summary: r#"No {{ $labels.currency }} has come in for six hours; in the same hours last week it was {{ printf "%.2f" $value }}"#.to_owned(),
        description:
            "Either nobody buys in this currency, or payments are made and the product does not hear of them: those users paid and got nothing."
                .to_owned(),
        meaning: "No payment was counted within six hours, and in the same hours of the week before there was revenue. Each currency is watched by itself, since each \
                  often has a payment provider of its own.",
        causes: &[
            "The payment provider's webhook no longer arrives: its certificate, its secret or our address has changed.",
            "The checkout page fails before it reaches the provider.",
            "A holiday in the countries of that currency.",
        ],
        queries: &[
            ("Purchases by their status", r#"sum by (status_code) (increase(http_requests_total{endpoint="/units/purchase"}[6h]))"#),
            ("Revenue by currency and plan", "sum by (currency, plan) (increase(selextract_revenue_total[6h]))"),
        ],
        actions: &[
            "Payments in the provider's console and none here: its list of failed webhooks, then deliver them again.",
            "None there either: buy the smallest plan yourself, in that currency.",
            "Before you close it: have those who paid meanwhile got their units (ComputeUnitsExhausted)?",
        ],
        page: Page::Graph("job_currency:selextract_revenue:increase6h"),
        examples: vec![
            Example::new(
                "the provider's webhook fails for one currency, and is delivered again",
                &[(REVENUE, "90x3 0x123 49x20"), (REVENUE_LAST_WEEK, "150x150"), (DOLLARS, "49x150"), (DOLLARS_LAST_WEEK, "150x150")],
            )
            .quiet_at(seconds(1845))
            .fires_at(seconds(1860), Firing::new(EUROS, "No EUR has come in for six hours; in the same hours last week it was 150.00"))
            .quiet_at(seconds(1920)),
            Example::missing("the API has restarted, and nobody has paid since", &[(REVENUE_LAST_WEEK, "150x150")])
                .quiet_at(seconds(1785))
                .fires_at(seconds(1800), Firing::new(EUROS, "No EUR has come in for six hours; in the same hours last week it was 150.00")),
            Example::at_threshold("two plans last week", &[(REVENUE, "0x150"), (REVENUE_LAST_WEEK, "100x150")]).quiet_at(minutes(36)),
            Example::new("one small payment", &[(REVENUE, "0.5x150"), (REVENUE_LAST_WEEK, "150x150")]).quiet_at(minutes(36)),
            Example::flapping("a payment in twenty-five minutes", &[(REVENUE, "0x99 9 0x99 9"), (REVENUE_LAST_WEEK, "150x220")])
                .quiet_at(minutes(24))
                .quiet_at(minutes(49)),
        ],
        ..Alert::owned_by(Service::Business)
    }
}
