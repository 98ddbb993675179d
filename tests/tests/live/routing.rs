//! Who is told of an alert, how often, and when it is over: the generated files in a real Prometheus and Alertmanager, with a
//! mail server and two webhooks at the ends.

use std::env;
use std::time::Duration;

use it::alerting::{Alerting, CRITICAL_REPEAT, CRITICAL_TICK, Channel, Delivery, Values, WARNING_REPEAT, WARNING_TICK, WELL};
use it::{PATIENCE, port, wait};

/// Set by `full.sh`: also waits for what takes minutes.
const LONG: &str = "LONG";

/// `\0alerts@selextract.com\0secret`, as AUTH PLAIN has it.
const CREDENTIALS: &str = "AGFsZXJ0c0BzZWxleHRyYWN0LmNvbQBzZWNyZXQ=";

/// `alertmanager:secret`, as basic authentication has it.
const AUTHORIZATION: &str = "Basic YWxlcnRtYW5hZ2VyOnNlY3JldA==";

/// An alert of each severity, the page that raises it, and the channels that tell of it.
const ALERTS: [(&str, usize, &[Channel]); 3] =
    [("RedisDown", 0, &Channel::ALL), ("RedisMemoryHigh", 1, &[Channel::Mail, Channel::Webhook]), ("RedisRestarted", 1, &[Channel::Webhook])];

/// Two notifications about the same alert are never closer than its route's repeat interval, less one look at the group.
fn assert_apart(deliveries: &[Delivery], repeat: Duration, tick: Duration) {
    for (one, next) in deliveries.iter().zip(deliveries.iter().skip(1)) {
        let gap = next.at.duration_since(one.at);
        assert!(gap + tick >= repeat, "told again after {gap:?} instead of {repeat:?}");
    }
}

fn assert_silent(alerting: &Alerting) {
    for (alertname, page, channels) in ALERTS {
        let instance = alerting.pages[page].instance();
        for channel in Channel::ALL.into_iter().filter(|channel| !channels.contains(channel)) {
            assert!(alerting.deliveries(channel, alertname, &instance).is_empty(), "{alertname} by {channel:?}");
        }
    }
}

#[test]
fn each_severity_reaches_its_channels_and_no_other() {
    let alerting = Alerting::start(true);
    let [first, second] = [alerting.pages[0].instance(), alerting.pages[1].instance()];

    alerting.pages[0].set(Values { up: false, ..WELL });
    alerting.pages[1].set(Values { memory: 0.85, started: WELL.started + 60, ..WELL });

    for (alertname, page, channels) in ALERTS {
        for channel in channels {
            alerting.until_fired(*channel, alertname, &alerting.pages[page].instance(), 1, PATIENCE);
        }
    }
    assert_letters(&alerting, &first);
    for channel in Channel::ALL {
        let told = alerting.until_fired(channel, "RedisDown", &first, 2, CRITICAL_REPEAT + PATIENCE);
        assert_apart(&told, CRITICAL_REPEAT, CRITICAL_TICK);
    }
    if env::var_os(LONG).is_some() {
        for channel in [Channel::Mail, Channel::Webhook] {
            let told = alerting.until_fired(channel, "RedisMemoryHigh", &second, 2, WARNING_REPEAT + PATIENCE);
            assert_apart(&told, WARNING_REPEAT, WARNING_TICK);
        }
    }
    assert_silent(&alerting);

    alerting.pages.iter().for_each(|page| page.set(WELL));

    for (alertname, page, channels) in ALERTS {
        for channel in channels {
            alerting.until_resolved(*channel, alertname, &alerting.pages[page].instance());
        }
    }
    assert_silent(&alerting);
}

/// What people read: who it is from, what it is about and where to look.
fn assert_letters(alerting: &Alerting, instance: &str) {
    let subject = format!("[FIRING 1] RedisDown on {instance} (critical)");
    let mail = alerting.mail.mails().into_iter().find(|mail| mail.subject() == subject).expect("the mail that was waited for");
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("alerts@selextract.com", ["ops@example.com".to_owned()].as_slice()));
    assert_eq!(mail.credentials, CREDENTIALS);
    for part in ["Content-Type: text/plain", "Content-Type: text/html", "/runbooks/RedisDown.md", "Redis does not answer redis-exporter"] {
        assert!(mail.text.contains(part), "{part} is missing: {}", mail.text);
    }
    let posts = alerting.slack.posts();
    let post = posts.iter().find(|post| post.payload["attachments"][0]["title"] == subject).expect("the post that was waited for");
    assert_eq!((post.path.as_str(), post.payload["channel"].as_str()), ("/slack", Some("#alerts")));
    let post = alerting.webhook.posts().into_iter().find(|post| post.payload["groupLabels"]["instance"] == instance).expect("a post");
    assert_eq!(it::http::header(&post.headers, "authorization"), Some(AUTHORIZATION));
}

#[test]
fn without_slack_the_other_channels_remain() {
    let alerting = Alerting::start(false);
    let instance = alerting.pages[0].instance();

    alerting.pages[0].set(Values { up: false, ..WELL });

    for channel in [Channel::Mail, Channel::Webhook] {
        alerting.until_fired(channel, "RedisDown", &instance, 1, PATIENCE);
    }
    assert!(alerting.slack.posts().is_empty());
    let configuration = std::fs::read_to_string(alerting.set().join("alertmanager.yml")).unwrap();
    assert!(!configuration.contains("slack"), "{configuration}");
}

#[test]
fn a_test_alert_of_each_severity_is_seen_on_every_channel() {
    let alerting = Alerting::start(true);

    let output = alerting.generate(&["--send-test", &format!("http://127.0.0.1:{}", alerting.alertmanager.port())]);

    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (severity, channels) in
        [("critical", Channel::ALL.as_slice()), ("warning", &[Channel::Mail, Channel::Webhook]), ("info", &[Channel::Webhook])]
    {
        assert!(said.contains(&format!("NotificationTest of severity {severity} was sent to receiver {severity}\n")), "{said}");
        let subject = format!("NotificationTest on notification-test ({severity})");
        let seen =
            |channel: &Channel| match channel {
                Channel::Mail => alerting.mail.mails().iter().any(|mail| mail.subject().ends_with(&subject)),
                Channel::Slack => alerting.slack.posts().iter().any(|post| post.payload.to_string().contains(&subject)),
                Channel::Webhook => alerting.webhook.posts().iter().any(|post| {
                    post.payload["commonLabels"]["alertname"] == "NotificationTest" && post.payload["commonLabels"]["severity"] == severity
                }),
            };
        for channel in channels {
            wait::until(&format!("the test of severity {severity} by {channel:?}"), PATIENCE, || seen(channel).then_some(()));
        }
    }
}

#[test]
fn what_prometheus_has_loaded_is_compared_with_what_is_rendered() {
    let alerting = Alerting::start(false);
    let url = format!("http://127.0.0.1:{}", alerting.prometheus_port);

    let same = alerting.generate(&["--live", &url]);
    let said = String::from_utf8_lossy(&same.stdout).into_owned();
    assert!(same.status.success(), "{said}{}", String::from_utf8_lossy(&same.stderr));
    assert!(said.contains("what is loaded is what is rendered; selectors that find nothing: "), "{said}");
    assert!(said.lines().any(|line| line.starts_with("redis_up_reason") || line.contains(" finds nothing: alert ")), "{said}");
    assert!(!said.lines().any(|line| line.starts_with("redis_memory_used_bytes finds nothing")), "{said}");

    let other = alerting.generate(&["--live", &url, "--target", &format!("node=127.0.0.1:{}", port::free())]);
    assert_eq!(other.status.code(), Some(1));
    let said = String::from_utf8_lossy(&other.stdout).into_owned();
    assert!(said.contains("job node") && said.contains("is rendered and not loaded"), "{said}");

    let none = alerting.generate(&["--live", &alerting.slack.url()]);
    assert_eq!(none.status.code(), Some(2));
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(said.contains("does not answer like Prometheus"), "{said}");
}
