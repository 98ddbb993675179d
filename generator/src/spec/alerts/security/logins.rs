//! Logins that fail.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static BRUTE_FORCE: Threshold = Threshold::number(
    "BRUTE_FORCE_FAILED_LOGINS",
    300.0,
    1e9,
    "One a second for five minutes: all our users together mistype a tenth of it on a Monday morning",
);

static BRUTE_FORCE_ADDRESS: Threshold = Threshold::number(
    "BRUTE_FORCE_FAILED_LOGINS_OF_ADDRESS",
    50.0,
    1e9,
    "A person gives up after ten, and an office behind one address comes to twenty",
);

static HIGH: Threshold = Threshold::number(
    "FAILED_LOGINS_HIGH",
    100.0,
    1e9,
    "Three times what a busy quarter of an hour sees, and a third of what is an attack without doubt",
);

const OTHER: &str = r#"selextract_failed_login_attempts_total{job="selextract-api",instance="api:8000",ip_address="other"}"#;
const OTHER_SECOND: &str = r#"selextract_failed_login_attempts_total{job="selextract-api",instance="api-2:8000",ip_address="other"}"#;
const ONE: &str = r#"selextract_failed_login_attempts_total{job="selextract-api",instance="api:8000",ip_address="203.0.113.7"}"#;
const ONE_SECOND: &str = r#"selextract_failed_login_attempts_total{job="selextract-api",instance="api-2:8000",ip_address="203.0.113.7"}"#;
const SERVICE: &[(&str, &str)] = &[("job", "selextract-api")];
const ADDRESS: &[(&str, &str)] = &[("job", "selextract-api"), ("ip_address", "203.0.113.7")];

pub(super) fn all() -> Vec<Alert> {
    vec![brute_force(), failed_logins_high()]
}

fn brute_force() -> Alert {
    Alert {
        name: "BruteForceSuspected",
        expr: r#"# All addresses together, whether they have a series of their own or not.
sum by (job) (increase(selextract_failed_login_attempts_total[5m])) > BRUTE_FORCE_FAILED_LOGINS
# One address by itself, over all instances: a lower bound, and never too much.
or
sum by (job, ip_address) (increase(selextract_failed_login_attempts_total{ip_address!="other"}[5m])) > BRUTE_FORCE_FAILED_LOGINS_OF_ADDRESS"#
            .to_owned(),
        thresholds: vec![&BRUTE_FORCE, &BRUTE_FORCE_ADDRESS],
        lasting: minutes(2),
        severity: Severity::Critical,
        summary: r#"{{ with $labels.ip_address }}{{ . }} alone has failed{{ else }}All addresses together have failed{{ end }} to log in about {{ printf "%.0f" $value }} times in five minutes"#
            .to_owned(),
        description: "Somebody tries passwords or stolen pairs of address and password. What is found is used within hours.".to_owned(),
        meaning: "Failed logins are far above what people do by mistake: either in sum, which catches an attack from many addresses, or from one address, which the \
                  summary then names. An address is counted by name from half a minute after it came up, so its number is a lower bound.",
        causes: &[
            "Credential stuffing: pairs that were stolen elsewhere, from rented addresses, each used a few times.",
            "One machine that tries passwords of one account.",
            "An integration of a customer with an old password that retries without end.",
        ],
        queries: &[
            ("Addresses that fail most, at least", "topk(20, sum by (ip_address) (increase(selextract_failed_login_attempts_total[5m])))"),
            ("What the login endpoint answers", r#"sum by (status_code) (rate(http_requests_total{endpoint="/login"}[5m]))"#),
            ("Stopped by the rate limit", "sum by (endpoint) (increase(selextract_rate_limit_violations_total[5m]))"),
        ],
        actions: &[
            "One address: deny it in nginx (`deny <address>;`), after you have seen that it is not a customer's office.",
            "Many: switch on the captcha or lower `--rate-limit`; single denials do not help.",
            "Which logins succeeded from these addresses since it began? End those sessions and write to those users.",
            "All come from nginx' own address: `--trusted-proxies` is wrong, and the limit hits everybody at once.",
        ],
        page: Page::Graph("sum by (job) (increase(selextract_failed_login_attempts_total[5m]))"),
        examples: brute_force_examples(),
        ..Alert::owned_by(Service::Security)
    }
}

fn brute_force_examples() -> Vec<Example> {
    vec![
        Example::new(
            "many addresses, on both instances, for ten minutes",
            &[(OTHER, "0+0x39 15+15x39 600+0x60"), (OTHER_SECOND, "0+0x39 10+10x39 400+0x60"), (ONE, "0+0x140")],
        )
        .quiet_at(seconds(885))
        .fires_at(seconds(900), Firing::new(SERVICE, "All addresses together have failed to log in about 500 times in five minutes"))
        .quiet_at(seconds(1500)),
        Example::new(
            "one address, on both instances, until it is denied",
            &[(ONE, "0+0x39 2+2x39 80+0x60"), (ONE_SECOND, "0+0x39 2+2x39 80+0x60"), (OTHER, "0+1x140")],
        )
        .quiet_at(seconds(885))
        .fires_at(seconds(900), Firing::new(ADDRESS, "203.0.113.7 alone has failed to log in about 80 times in five minutes"))
        .quiet_at(seconds(1500)),
        Example::at_threshold("one a second, from everywhere", &[(OTHER, "0+15x60")]).quiet_at(minutes(14)),
        Example::at_threshold("fifty from one address", &[(ONE, "0+2.5x60")]).quiet_at(minutes(14)),
        Example::new("a hundred from addresses without a name", &[(OTHER, "0+5x60")]).quiet_at(minutes(14)),
        Example::flapping("a whole office mistypes, and again four minutes later", &[(ONE, "0x19 30x15 60x60")])
            .quiet_at(seconds(585))
            .quiet_at(seconds(660)),
        Example::missing("nobody has failed to log in", &[]).quiet_at(minutes(14)),
    ]
}

fn failed_logins_high() -> Alert {
    Alert {
        name: "FailedLoginsHigh",
        expr: "sum by (job) (increase(selextract_failed_login_attempts_total[5m])) > FAILED_LOGINS_HIGH".to_owned(),
        thresholds: vec![&HIGH],
        lasting: minutes(5),
        summary: r#"About {{ printf "%.0f" $value }} logins have failed in five minutes"#.to_owned(),
        description: "Users may be locked out, or somebody has begun to try; it is too slow for an attack that is in a hurry.".to_owned(),
        meaning: "More logins fail than people mistype. Below BruteForceSuspected, which silences this, the reason is as often ours as an attacker's.",
        causes: &[
            "Passwords that were right yesterday: a migration of hashes, another pepper, a copy of the database that is old.",
            "A slow attack that stays below the limits of each address.",
            "Monday morning after a forced change of passwords.",
        ],
        queries: &[
            (
                "Share of logins that fail",
                r#"sum by (job) (rate(http_requests_total{endpoint="/login",status_code="401"}[5m])) / (sum by (job) (rate(http_requests_total{endpoint="/login"}[5m])) > 0)"#,
            ),
            ("How much of it is without a name", r#"selextract_metrics_other_ratio{family="selextract_failed_login_attempts_total"}"#),
        ],
        actions: &[
            "Nearly every login fails: it is us. Log in yourself, then look at the last change to users and password hashes.",
            "Most succeed and the failures have few addresses: an attack at low speed; watch it, and lower the limit per address.",
            "Compare with the support channel: people who cannot log in write there first.",
        ],
        page: Page::Graph("sum by (job) (increase(selextract_failed_login_attempts_total[5m]))"),
        examples: vec![
            Example::new(
                "a slow attack on both instances, which ends",
                &[(OTHER, "0+0x39 5+5x59 300+0x60"), (OTHER_SECOND, "0+0x39 3+3x59 180+0x60")],
            )
            .quiet_at(seconds(1065))
            .fires_at(seconds(1080), Firing::new(SERVICE, "About 160 logins have failed in five minutes"))
            .quiet_at(seconds(1605)),
            Example::at_threshold("a hundred in five minutes", &[(OTHER, "0+2x60"), (ONE, "0+3x60")]).quiet_at(minutes(14)),
            Example::flapping("two bursts of a minute", &[(OTHER, "0+0x19 30+30x3 120+0x27 150+30x3 240+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(13)),
            Example::missing("nobody tries to log in", &[]).quiet_at(minutes(14)),
        ],
        ..Alert::owned_by(Service::Security)
    }
}
