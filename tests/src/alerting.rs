//! Prometheus and Alertmanager with the generated files, times divided, and a sink at the end of every channel.
//!
//! The targets are pages that a test changes: what is tested here is what becomes of an alert, not how it comes about.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::alertmanager::Alertmanager;
use crate::http::{self, Response};
use crate::program::{self, Program};
use crate::server::Server;
use crate::sink::Sink;
use crate::smtp::MailServer;
use crate::{PATIENCE, binary, port, promtool, wait};

/// Half a second for a scrape, ten for five minutes: as fast as a busy machine still keeps up with.
pub(crate) const TIME_SCALE: u64 = 30;

/// A critical alert is told of again after five minutes.
pub const CRITICAL_REPEAT: Duration = Duration::from_millis(5 * 60_000 / TIME_SCALE);

/// Alertmanager looks at a group of critical alerts once a minute.
pub const CRITICAL_TICK: Duration = Duration::from_millis(60_000 / TIME_SCALE);

/// A warning is told of again after half an hour.
pub const WARNING_REPEAT: Duration = Duration::from_millis(30 * 60_000 / TIME_SCALE);

/// Alertmanager looks at a group of warnings every five minutes.
pub const WARNING_TICK: Duration = Duration::from_millis(5 * 60_000 / TIME_SCALE);

/// The password of every secret file.
pub const PASSWORD: &str = "secret";

/// Jobs whose page a test changes; two targets, so that one can be down while the other has its own troubles.
const JOB: &str = "redis";

/// Jobs whose pages are empty.
const OTHERS: [&str; 5] = ["grafana", "node", "postgres", "celery", "selextract-api"];

/// How an alert reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// E-mail.
    Mail,
    /// Slack's incoming webhook.
    Slack,
    /// The site's own webhook.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Slack, Self::Webhook];
}

/// One notification about one alert.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it arrived.
    pub at: Instant,
    /// Whether it says that the alert fires; else that it is over.
    pub firing: bool,
}

/// A page about a Redis, as our exporter would write it.
#[derive(Debug)]
pub struct Page {
    server: Server,
    values: Arc<Mutex<Values>>,
}

/// What the page says.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// Whether Redis answers: if not, `RedisDown` (critical).
    pub up: bool,
    /// Share of its memory that is in use: above 0.8 `RedisMemoryHigh` (warning).
    pub memory: f64,
    /// When it started: once that grows, `RedisRestarted` (info).
    pub started: u32,
}

/// A Redis that has nothing to complain of.
pub const WELL: Values = Values { up: true, memory: 0.1, started: 1_000 };

impl Page {
    fn start() -> Self {
        let values = Arc::new(Mutex::new(WELL));
        let shown = Arc::clone(&values);
        let server = Server::start(move |_| page(&shown.lock().unwrap_or_else(PoisonError::into_inner).text()));
        Self { server, values }
    }

    /// Says something else from now on.
    pub fn set(&self, values: Values) {
        *self.values.lock().unwrap_or_else(PoisonError::into_inner) = values;
    }

    /// Its label `instance`.
    #[must_use]
    pub fn instance(&self) -> String {
        format!("127.0.0.1:{}", self.server.port())
    }
}

impl Values {
    fn text(self) -> String {
        let Self { up, memory, started } = self;
        let up = u8::from(up);
        format!("redis_up {up}\nredis_memory_used_bytes {memory}\nredis_memory_max_bytes 1\nredis_start_time_seconds {started}\n")
    }
}

pub(crate) fn page(text: &str) -> Response {
    let headers = vec![("content-type".to_owned(), "text/plain; version=0.0.4".to_owned())];
    Response { status: 200, headers, body: text.as_bytes().to_vec() }
}

/// Everything between a page and the sinks.
#[derive(Debug)]
pub struct Alerting {
    /// Two pages of the job `redis`.
    pub pages: [Page; 2],
    /// Prometheus.
    pub prometheus: Program,
    /// Where it listens.
    pub prometheus_port: u16,
    /// Alertmanager.
    pub alertmanager: Alertmanager,
    /// The end of e-mail.
    pub mail: MailServer,
    /// The end of Slack.
    pub slack: Sink,
    /// The end of the webhook.
    pub webhook: Sink,
    _others: [Server; OTHERS.len()],
    rendered: TempDir,
    arguments: Vec<String>,
}

impl Alerting {
    /// Starts everything and waits until every target was scraped.
    #[must_use]
    pub fn start(with_slack: bool) -> Self {
        let (pages, mail, slack, webhook) = ([Page::start(), Page::start()], MailServer::start(), Sink::start(), Sink::start());
        let others = OTHERS.map(|_| Server::start(|_| page("")));
        let rendered = tempfile::tempdir().expect("a temporary directory");
        write_site(rendered.path(), &mail, with_slack.then(|| slack.url()));
        let ports = [port::free(), port::free()];
        let arguments = arguments(rendered.path(), ports, &pages, &others, &webhook);
        let output = generator(&arguments).output().expect("the generator can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let set = rendered.path().join("set");
        promtool::check_config(&set.join("prometheus.yml"));
        let alertmanager = Alertmanager::start(&set.join("alertmanager.yml"), ports[1]);
        let mut prometheus = Program::start(prometheus(&set.join("prometheus.yml"), ports[0]));
        prometheus.until("every target to be up", || are_up(ports[0], pages.len() + OTHERS.len() + 2));
        Self { pages, prometheus, prometheus_port: ports[0], alertmanager, mail, slack, webhook, _others: others, rendered, arguments }
    }

    /// The rendered set.
    #[must_use]
    pub fn set(&self) -> PathBuf {
        self.rendered.path().join("set")
    }

    /// Runs the generator again as for this set, with further arguments.
    #[must_use]
    pub fn generate(&self, further: &[&str]) -> Output {
        let further = further.iter().map(|argument| (*argument).to_owned());
        generator(&self.arguments.iter().cloned().chain(further).collect::<Vec<_>>()).output().expect("the generator can be run")
    }

    /// Every notification about an alert of an instance that arrived by a channel, oldest first.
    #[must_use]
    pub fn deliveries(&self, channel: Channel, alertname: &str, instance: &str) -> Vec<Delivery> {
        match channel {
            Channel::Mail => {
                let about = format!("] {alertname} on {instance} (");
                let mails = self.mail.mails().into_iter().filter(|mail| mail.subject().contains(&about));
                mails.map(|mail| Delivery { at: mail.at, firing: mail.subject().starts_with("[FIRING") }).collect()
            }
            Channel::Slack => {
                let about = format!("] {alertname} on {instance} (");
                let title = |payload: &Value| payload["attachments"][0]["title"].as_str().unwrap_or_default().to_owned();
                let posts = self.slack.posts().into_iter().filter(|post| title(&post.payload).contains(&about));
                posts.map(|post| Delivery { at: post.at, firing: title(&post.payload).starts_with("[FIRING") }).collect()
            }
            Channel::Webhook => {
                let posts = self.webhook.posts().into_iter();
                let about = |labels: &Value| labels["alertname"] == alertname && labels["instance"] == instance;
                let posts = posts.filter(|post| about(&post.payload["groupLabels"]));
                posts.map(|post| Delivery { at: post.at, firing: post.payload["status"] == "firing" }).collect()
            }
        }
    }

    /// Waits until so many notifications say that an alert fires, and returns those.
    pub fn until_fired(&self, channel: Channel, alertname: &str, instance: &str, count: usize, deadline: Duration) -> Vec<Delivery> {
        wait::until(&format!("{alertname} of {instance} by {channel:?}, {count} times"), deadline, || {
            let found: Vec<_> = self.deliveries(channel, alertname, instance).into_iter().filter(|delivery| delivery.firing).collect();
            (found.len() >= count).then_some(found)
        })
    }

    /// Waits until the last notification says that an alert is over.
    pub fn until_resolved(&self, channel: Channel, alertname: &str, instance: &str) {
        wait::until(&format!("{alertname} of {instance} to be over by {channel:?}"), PATIENCE, || {
            self.deliveries(channel, alertname, instance).last().is_some_and(|delivery| !delivery.firing).then_some(())
        });
    }

    /// Waits until Alertmanager has just looked at a critical alert's group and had nothing to tell: what it told before is noted,
    /// and nothing is under way.
    pub fn until_noted(&self, alertname: &str, instance: &str) {
        let looks = || {
            let log = self.alertmanager.program.log();
            log.lines().filter(|line| line.contains("msg=flushing") && line.contains(alertname) && line.contains(instance)).count()
        };
        let mut seen = looks();
        wait::until(&format!("Alertmanager to look at {alertname} of {instance} again"), PATIENCE, || {
            let now = looks();
            let is_new = std::mem::replace(&mut seen, now) < now;
            // A look that is due to tell again does, and may not be done with it.
            let mut told = Channel::ALL.into_iter().filter_map(|channel| self.deliveries(channel, alertname, instance).pop());
            let due = told.any(|delivery| delivery.at.elapsed() + CRITICAL_TICK >= CRITICAL_REPEAT);
            (is_new && !due).then_some(())
        });
    }

    /// Waits until Alertmanager has written down that it told of an alert by so many channels.
    pub fn until_kept(&self, alertname: &str, instance: &str, channels: usize) {
        let path = self.alertmanager.program.directory().join("data/nflog");
        let (alertname, instance) = (format!("alertname=\"{alertname}\""), format!("instance=\"{instance}\""));
        wait::until("Alertmanager to write down what it told", PATIENCE, || {
            let text = String::from_utf8_lossy(&fs::read(&path).ok()?).into_owned();
            let groups =
                text.match_indices(&alertname).filter(|(start, _)| text[*start..].lines().next().is_some_and(|rest| rest.contains(&instance)));
            (groups.count() >= channels).then_some(())
        });
    }

    /// Waits until Prometheus says that an alert of an instance fires, without regard to who is told.
    pub fn until_firing(&self, alertname: &str, instance: &str) {
        wait::until(&format!("{alertname} of {instance} to fire"), PATIENCE, || self.fires(alertname, instance)?.then_some(()));
    }

    /// Waits until Prometheus says that it is over, without regard to who is told.
    pub fn until_over(&self, alertname: &str, instance: &str) {
        wait::until(&format!("{alertname} of {instance} to be over"), PATIENCE, || (!self.fires(alertname, instance)?).then_some(()));
    }

    /// What Prometheus says; nothing, if it does not answer.
    fn fires(&self, alertname: &str, instance: &str) -> Option<bool> {
        let alerts = api(self.prometheus_port, "/api/v1/alerts")?["alerts"].take();
        let wanted =
            |alert: &Value| alert["labels"]["alertname"] == alertname && alert["labels"]["instance"] == instance && alert["state"] == "firing";
        Some(alerts.as_array()?.iter().any(wanted))
    }

    /// Waits until a Prometheus that was started again answers.
    pub fn until_prometheus_is_ready(&mut self) {
        let port = self.prometheus_port;
        self.prometheus.until("Prometheus to be ready", || http::get(port, "/-/ready", &[]).ok().filter(|response| response.status == 200));
    }
}

/// The site's files: its mail server and Slack, and what Compose would mount.
fn write_site(directory: &Path, mail: &MailServer, slack: Option<String>) {
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).expect("a file can be written");
    write("site.yaml", &format!("email:\n  to: ops@example.com\n  smarthost: 127.0.0.1:{}\n  require_tls: false\n", mail.port()));
    for secret in ["alertmanager_webhook_password", "smtp_password"] {
        write(secret, PASSWORD);
    }
    let slack = slack.map(|url| format!("{url}/slack")).unwrap_or_default();
    write("slack_webhook_url", &slack);
    write(".env", &format!("SLACK_WEBHOOK_URL={slack}\n"));
}

fn arguments(directory: &Path, ports: [u16; 2], pages: &[Page; 2], others: &[Server], webhook: &Sink) -> Vec<String> {
    let path = |name: &str| directory.join(name).display().to_string();
    let mut arguments = vec!["--output".to_owned(), path("set"), "--secrets-dir".to_owned(), directory.display().to_string()];
    arguments.extend(["--env-file".to_owned(), path(".env"), "--site".to_owned(), path("site.yaml")]);
    arguments.extend(["--time-scale".to_owned(), TIME_SCALE.to_string(), "--webhook".to_owned(), format!("{}/hook", webhook.url())]);
    let mut target = |job: &str, address: String| arguments.extend(["--target".to_owned(), format!("{job}={address}")]);
    for (job, port) in ["prometheus", "alertmanager"].into_iter().zip(ports) {
        target(job, format!("127.0.0.1:{port}"));
    }
    for page in pages {
        target(JOB, page.instance());
    }
    for (job, other) in OTHERS.into_iter().zip(others) {
        target(job, format!("127.0.0.1:{}", other.port()));
    }
    arguments
}

pub(crate) fn generator(arguments: &[String]) -> Command {
    let mut command = binary::command("generator");
    command.args(arguments);
    command
}

/// Alerts are sent again every three seconds and believed for four times as long: enough for a restart, and short enough to
/// wait for. No `for` is so short that a restart begins it anew.
pub(crate) fn prometheus(file: &Path, port: u16) -> Command {
    let mut command = program::command("prometheus");
    command.arg("--config.file").arg(file).args(["--storage.tsdb.path", "data", "--log.level", "warn"]);
    command.args(["--web.listen-address", &format!("127.0.0.1:{port}")]);
    command.args(["--rules.alert.resend-delay", "3s", "--rules.alert.for-grace-period", "1s"]);
    command
}

pub(crate) fn are_up(port: u16, count: usize) -> Option<()> {
    let targets = api(port, "/api/v1/targets?state=active")?["activeTargets"].take();
    let targets = targets.as_array()?;
    (targets.len() == count && targets.iter().all(|target| target["health"] == "up")).then_some(())
}

/// What Prometheus answers to a request of its API.
pub(crate) fn api(port: u16, path: &str) -> Option<Value> {
    let response = http::get(port, path, &[]).ok().filter(|response| response.status == 200)?;
    Some(serde_json::from_slice::<Value>(&response.body).ok()?["data"].take())
}
