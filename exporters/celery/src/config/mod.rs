//! Flags and variables: the peer's names where it has them.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, ValueEnum};
use exporter_core::{Aliases, Bounds, ConfigError, Relabeling, Secret, duration, switch};

use metric_catalogue::celery::{PROGRAM, peer};

use crate::{
    counts::Hostnames,
    options,
    settings::{NameScheme, Polling, Settings},
    tasks::filter::Filter,
    tracker,
    workers::Lifetimes,
};

mod broker;

/// How long events wait for an exporter that has lost its connection.
const EVENTS_WAIT: Duration = Duration::from_mins(1);

/// Most names of tasks: the family that has a series for each of them and each of five ways to end holds 20,000.
const MOST_TASK_NAMES: i64 = 3_990;

/// The port that exporters of Celery are known by.
const PORT: u16 = 9808;

/// Queues in which quorum queues keep what has an eta: celery makes twenty-eight of them, and no task waits there to be run.
const DELAYED: &str = "celery_delayed_";

/// Longest time between two polls.
const LONGEST_INTERVAL: Duration = Duration::from_hours(24);

/// What the names of metrics begin with.
const PREFIX: &str = "celery_";

/// The exporter's own flags.
#[derive(Args, Debug)]
pub struct Config {
    /// URL of the broker, as in Celery's configuration
    #[arg(long, env = "CE_BROKER_URL", value_name = "URL", hide_env_values = true)]
    pub broker_url: Option<Secret>,
    /// The same, from the variable that Celery itself reads; --broker-url goes before it
    #[arg(long, env = "CELERY_BROKER_URL", value_name = "URL", hide_env_values = true, hide = true)]
    pub celery_broker_url: Option<Secret>,
    /// File with the password of the broker, where the URL holds none; read again for each connection
    #[arg(long, env = "CE_BROKER_PASSWORD_FILE", value_name = "FILE")]
    pub broker_password_file: Option<PathBuf>,
    /// A transport option of the broker, as in Celery's configuration; may be repeated
    #[arg(long = "broker-transport-option", env = "CE_BROKER_TRANSPORT_OPTION", value_name = "NAME=VALUE")]
    pub broker_transport_options: Vec<String>,
    /// An option of TLS in Python's words, such as `ca_certs=FILE`; may be repeated, and turns TLS on
    #[arg(long = "broker-ssl-option", env = "CE_BROKER_SSL_OPTION", value_name = "NAME=VALUE")]
    pub broker_ssl_options: Vec<String>,
    /// Accepted for the peer's sake: content other than JSON is counted and not read
    #[arg(long, env = "CE_ACCEPT_CONTENT", value_name = "TYPES", hide = true)]
    pub accept_content: Option<String>,
    /// Accepted for the peer's sake: a lost broker is tried again four times a second
    #[arg(long, env = "CE_RETRY_INTERVAL", value_name = "SECONDS", hide = true)]
    pub retry_interval: Option<String>,
    /// Exchange of events, where the application has another
    #[arg(long, value_name = "NAME", default_value = "celeryev")]
    pub event_exchange: String,
    /// Exchange of requests to workers, where the application has another
    #[arg(long, value_name = "NAME", default_value = "celery")]
    pub control_exchange: String,
    /// On AMQP, keep the queue of events, and what waits in it, so long after the exporter has gone, for the next one to
    /// carry on; 0 gives each exporter a queue of its own
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    pub event_queue_ttl: Duration,
    /// Name of the queue that is kept; two exporters with the same one share its events between them
    #[arg(long, value_name = "NAME", default_value = "celeryev.celery-exporter")]
    pub event_queue_name: String,
    /// Time after which a worker that is not heard of is down; 0 waits for it for ever
    #[arg(long, env = "CE_WORKER_TIMEOUT", value_name = "DURATION", default_value = "300", value_parser = seconds)]
    pub worker_timeout: Duration,
    /// Time after which the series of a worker that is down are removed; 0 keeps them
    #[arg(long, env = "CE_PURGE_OFFLINE_WORKER_METRICS", value_name = "DURATION", default_value = "600", value_parser = seconds)]
    pub purge_offline_worker_metrics: Duration,
    /// Tell workers that do not send events of their tasks to send them
    #[arg(long, env = "CE_ENABLE_EVENTS", action = ArgAction::Set, value_parser = switch, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub enable_events: bool,
    /// Time between two looks at the queues
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = positive)]
    pub poll_interval: Duration,
    /// Time between two requests to workers for their queues and processes; 0 never asks them
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub inspect_interval: Duration,
    /// Queues to look at besides those that are found; separated by commas
    #[arg(long, alias = "Q", env = "CE_QUEUES", value_name = "NAMES", value_delimiter = ',')]
    pub queues: Vec<String>,
    /// Queue of tasks whose queue is not known, in the peer's names
    #[arg(long, env = "CE_DEFAULT_QUEUE_NAME", value_name = "NAME", default_value = "celery")]
    pub default_queue_name: String,
    /// Patterns of queues to count, with * for anything; separated by commas. Those of tasks that are delayed
    /// (`celery_delayed_*`) are counted only where a pattern begins with that
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub queues_include: Vec<String>,
    /// Patterns of queues not to count
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub queues_exclude: Vec<String>,
    /// Patterns of names of tasks to count, with * for anything; separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub tasks_include: Vec<String>,
    /// Patterns of names of tasks not to count
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub tasks_exclude: Vec<String>,
    /// Most names of tasks, of 64 bytes each on average; tasks of further names are counted as __other__
    #[arg(long, value_name = "COUNT", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=MOST_TASK_NAMES))]
    pub max_task_names: u32,
    /// Memory for what is remembered of single tasks, in MiB: some six thousand tasks in each
    #[arg(long, value_name = "MIB", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub task_table_mib: u32,
    /// Names and labels that are served
    #[arg(long = "metrics.names", env = "CE_METRICS_NAMES", value_enum, default_value = "selextract")]
    pub names: Names,
    /// Buckets of the run time, in the peer's names; separated by commas
    #[arg(long, env = "CE_BUCKETS", value_name = "SECONDS")]
    pub buckets: Option<Bounds>,
    /// Buckets of the wait in the queue, in the peer's names
    #[arg(long, env = "CE_QUEUE_WAIT_BUCKETS", value_name = "SECONDS")]
    pub queue_wait_buckets: Option<Bounds>,
    /// One hostname for all clients, in the peer's names
    #[arg(long, env = "CE_GENERIC_HOSTNAME_TASK_SENT_METRIC", action = ArgAction::Set, value_parser = switch, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub generic_hostname_task_sent_metric: bool,
    /// One hostname for all workers, in the peer's names of task metrics
    #[arg(long, env = "CE_GENERIC_HOSTNAME_WORKER_TASK_METRIC", action = ArgAction::Set, value_parser = switch, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub generic_hostname_worker_task_metric: bool,
    /// Address to listen on, with --port, where --web.listen-address is not given
    #[arg(long, env = "CE_HOST", value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on, with --host, where --web.listen-address is not given
    #[arg(long, env = "CE_PORT", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Level of the log, in Python's words, where --log.level is not given
    #[arg(long, env = "CE_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// First part of the names of metrics
    #[arg(long, env = "CE_METRIC_PREFIX", value_name = "PREFIX", default_value = PREFIX)]
    pub metric_prefix: String,
    /// A label of every series; may be repeated
    #[arg(long = "static-label", env = "CE_STATIC_LABEL", value_name = "NAME=VALUE")]
    pub static_labels: Vec<String>,
}

/// Which names and labels are served: one page has one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Names {
    /// Ours.
    Selextract,
    /// Those of danihodovic/celery-exporter, for its dashboards and alerts.
    Danihodovic,
}

impl Config {
    /// What the flags come to.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let filter = |include: &[String], exclude: &[String]| {
            let filled = |patterns: &[String]| patterns.iter().filter(|pattern| !pattern.is_empty()).cloned().collect();
            Filter { include: filled(include), exclude: filled(exclude) }
        };
        Ok(Settings {
            broker: self.broker()?,
            polling: Polling {
                every: self.poll_interval,
                inspect: Some(self.inspect_interval).filter(|every| !every.is_zero()),
                enable_events: self.enable_events,
                named: self.queues.iter().map(|queue| queue.trim().to_owned()).filter(|queue| !queue.is_empty()).collect(),
                default_queue: self.default_queue_name.clone(),
                queues: self.queues_filter(filter(&self.queues_include, &self.queues_exclude)),
                absent_is_empty: self.names == Names::Danihodovic,
            },
            tracker: tracker::Settings {
                table_bytes: usize::try_from(self.task_table_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20),
                names: usize::try_from(self.max_task_names).unwrap_or(usize::MAX),
                tasks: filter(&self.tasks_include, &self.tasks_exclude),
                lifetimes: Lifetimes {
                    timeout: Some(self.worker_timeout).filter(|timeout| !timeout.is_zero()),
                    purge: Some(self.purge_offline_worker_metrics).filter(|purge| !purge.is_zero()),
                },
            },
            names: match self.names {
                Names::Selextract => NameScheme::Native,
                Names::Danihodovic => NameScheme::Peer {
                    hostnames: Hostnames {
                        generic_clients: self.generic_hostname_task_sent_metric,
                        generic_workers: self.generic_hostname_worker_task_metric,
                    },
                    buckets: self.buckets.clone(),
                    queue_wait_buckets: self.queue_wait_buckets.clone(),
                },
            },
        })
    }

    /// The queues that are counted: those of delayed tasks only if that is asked for.
    fn queues_filter(&self, mut filter: Filter) -> Filter {
        if !self.queues_include.iter().any(|pattern| pattern.starts_with(DELAYED)) {
            filter.exclude.push(format!("{DELAYED}*"));
        }
        filter
    }

    /// Labels and the prefix of every name.
    pub(crate) fn relabeling(&self) -> Result<Relabeling, ConfigError> {
        let labels = self.static_labels.iter().flat_map(|labels| options::split(labels)).filter(|label| !label.is_empty());
        let metrics = PROGRAM.metrics().chain(peer::ALL.iter().copied());
        Relabeling::default().with_labels("--static-label", labels, metrics)?.with_prefix("--metric-prefix", PREFIX, &self.metric_prefix)
    }

    /// What the peer's flags say of core's.
    pub(crate) fn aliases(&self) -> Aliases {
        let given = self.host.is_some() || self.port.is_some();
        let host = self.host.as_deref().unwrap_or("0.0.0.0");
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        Aliases { listen_address: given.then(|| format!("{host}:{}", self.port.unwrap_or(PORT))), log_level: self.log_level.clone() }
    }
}

/// A duration, or a plain number of seconds as the peer has it.
fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<u64>().map(Duration::from_secs).or_else(|_| duration(text))
}

fn positive(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|time| match time {
        Duration::ZERO => Err("expected more than 0s".to_owned()),
        _ if time > LONGEST_INTERVAL => Err("expected 24h at most".to_owned()),
        _ => Ok(time),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{
        address::Endpoint,
        amqp::{self, EventQueue},
        redis::{self, Nodes},
        settings::Broker,
    };

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    fn settings(flags: &[&str]) -> Result<Settings, String> {
        let line = Line::try_parse_from(["celery-exporter"].iter().chain(flags)).map_err(|error| error.to_string())?;
        line.config.settings().map_err(|error| error.to_string())
    }

    fn redis(flags: &[&str]) -> redis::Broker {
        match settings(flags).unwrap().broker {
            Broker::Redis(broker) => broker,
            Broker::Amqp(broker) => panic!("{broker:?}"),
        }
    }

    fn amqp(flags: &[&str]) -> amqp::Broker {
        match settings(flags).unwrap().broker {
            Broker::Amqp(broker) => broker,
            Broker::Redis(broker) => panic!("{broker:?}"),
        }
    }

    #[test]
    fn each_address_has_its_own_user() {
        let broker = amqp(&["--broker-url=amqp://a:1@x/one;amqp://b:2@y/two;amqp://z"]);
        let seen = broker.nodes.iter().map(|(node, host)| {
            let password = node.credentials.password().unwrap().map(|password| password.reveal().to_owned());
            format!("{} {}:{} {host}", node.endpoint.describe(), node.credentials.user.as_deref().unwrap_or_default(), password.unwrap_or_default())
        });
        assert_eq!(seen.collect::<Vec<_>>(), ["x:5672 a:1 one", "y:5672 b:2 two", "z:5672 a:1 /"]);
    }

    #[test]
    fn delayed_queues_stay_hidden() {
        let wants = |flags: &[&str], queue: &str| settings(&[&["--broker-url=redis://h"], flags].concat()).unwrap().polling.wants(queue);
        for flags in [&[][..], &["--queues-exclude=debug"], &["--queues-include=*"]] {
            assert!(!wants(flags, "celery_delayed_7") && wants(flags, "celery"), "{flags:?}");
        }
        assert!(wants(&["--queues-include=celery_delayed_*"], "celery_delayed_7"));
    }

    #[test]
    fn intervals_have_bounds() {
        for flag in ["--poll-interval=0s", "--poll-interval=5000000000h", "--max-task-names=3991", "--max-task-names=0"] {
            assert!(settings(&["--broker-url=redis://h", flag]).is_err(), "{flag}");
        }
        assert!(settings(&["--broker-url=redis://h", "--poll-interval=23h", "--max-task-names=3990"]).is_ok());
    }

    #[test]
    fn broker_is_read_from_its_url() {
        let broker = redis(&["--broker-url=rediss://user:pass@host:1/3?ssl_cert_reqs=none"]);
        assert_eq!((broker.database, broker.tls.skip_verification), (3, true));
        assert!(matches!(&broker.nodes, Nodes::Any(nodes) if nodes.len() == 1 && nodes[0].credentials.user.as_deref() == Some("user")));
        let url = "--broker-url=sentinel://:p@a;sentinel://b/1";
        let broker = redis(&[url, "--broker-transport-option=master_name=main", "--broker-transport-option=sentinel_kwargs={\"password\": \"s\"}"]);
        assert!(matches!(&broker.nodes, Nodes::Sentinels { sentinels, master, .. } if sentinels.len() == 2 && master == "main"));
        assert!(settings(&[url]).unwrap_err().contains("master_name"));
    }

    #[test]
    fn queue_of_events_is_kept_on_demand() {
        let broker = amqp(&["--broker-url=amqp://u:p@host/shop"]);
        assert_eq!((broker.nodes[0].1.as_str(), &broker.queue), ("shop", &EventQueue { name: None, milliseconds: 60_000 }));
        let broker = amqp(&["--broker-url=amqp://host", "--event-queue-ttl=10m"]);
        assert_eq!((broker.nodes[0].1.as_str(), broker.queue.milliseconds), ("/", 600_000));
        assert_eq!(broker.queue.name.as_deref(), Some("celeryev.celery-exporter"));
    }

    #[test]
    fn tls_option_turns_tls_on() {
        let broker = redis(&["--broker-url=redis://host", "--broker-ssl-option=ca_certs=/ca.pem"]);
        assert!(matches!(&broker.nodes, Nodes::Any(nodes) if matches!(nodes[0].endpoint, Endpoint::Tcp { tls: true, .. })));
        assert_eq!(broker.tls.ca, Some("/ca.pem".into()));
        assert!(settings(&["--broker-url=redis://host", "--broker-ssl-option=ciphers=x"]).unwrap_err().contains("--broker-ssl-option"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let flags = ["--broker-url=redis://u:CANARY@host:port"];
        let error = settings(&flags).unwrap_err();
        assert!(error.contains("--broker-url") && error.contains("***@host:port") && !error.contains("CANARY"), "{error}");
        let line = Line::try_parse_from(["x", "--broker-url=redis://:CANARY@h"]).unwrap();
        assert!(!format!("{line:?}{:?}", line.config.settings()).contains("CANARY"));
    }

    #[test]
    fn peer_s_spellings_are_taken() {
        let flags = ["--broker-url=redis://h", "--worker-timeout=30", "--purge-offline-worker-metrics=0", "--buckets=1,2,+Inf", "--Q=a,b"];
        let settings = settings(&flags).unwrap();
        assert_eq!(settings.tracker.lifetimes.timeout, Some(Duration::from_secs(30)));
        assert_eq!(self::settings(&["--broker-url=redis://h", "--worker-timeout=0"]).unwrap().tracker.lifetimes.timeout, None);
        assert_eq!((settings.tracker.lifetimes.purge, settings.polling.named), (None, vec!["a".to_owned(), "b".to_owned()]));
        for text in ["", "2,1", "x", "nan"] {
            assert!(self::settings(&["--broker-url=redis://h", &format!("--buckets={text}")]).is_err(), "{text}");
        }
    }

    #[test]
    fn every_flag_of_the_peer_has_its_variable() {
        let command = <Config as Args>::augment_args(clap::Command::new("x"));
        let variables: std::collections::BTreeSet<String> =
            command.get_arguments().filter_map(|argument| Some(format!("--{} {}", argument.get_long()?, argument.get_env()?.to_str()?))).collect();
        for flag in [
            "--broker-url CE_BROKER_URL",
            "--broker-transport-option CE_BROKER_TRANSPORT_OPTION",
            "--broker-ssl-option CE_BROKER_SSL_OPTION",
            "--accept-content CE_ACCEPT_CONTENT",
            "--retry-interval CE_RETRY_INTERVAL",
            "--host CE_HOST",
            "--port CE_PORT",
            "--buckets CE_BUCKETS",
            "--queue-wait-buckets CE_QUEUE_WAIT_BUCKETS",
            "--log-level CE_LOG_LEVEL",
            "--worker-timeout CE_WORKER_TIMEOUT",
            "--purge-offline-worker-metrics CE_PURGE_OFFLINE_WORKER_METRICS",
            "--generic-hostname-task-sent-metric CE_GENERIC_HOSTNAME_TASK_SENT_METRIC",
            "--generic-hostname-worker-task-metric CE_GENERIC_HOSTNAME_WORKER_TASK_METRIC",
            "--queues CE_QUEUES",
            "--metric-prefix CE_METRIC_PREFIX",
            "--default-queue-name CE_DEFAULT_QUEUE_NAME",
            "--static-label CE_STATIC_LABEL",
            "--celery-broker-url CELERY_BROKER_URL",
        ] {
            assert!(variables.contains(flag), "{flag}: {variables:?}");
        }
    }

    #[test]
    fn peer_s_flags_are_core_s_too() {
        let config = |flags: &[&str]| Line::try_parse_from(["celery-exporter"].iter().chain(flags)).unwrap().config;
        let listens = |flags: &[&str]| config(flags).aliases().listen_address;
        assert_eq!(listens(&[]), None);
        assert_eq!(listens(&["--port=9540"]).as_deref(), Some("0.0.0.0:9540"));
        assert_eq!(listens(&["--host=::1"]).as_deref(), Some("[::1]:9808"));
        assert_eq!(config(&["--log-level=WARNING"]).aliases().log_level.as_deref(), Some("WARNING"));
        assert!(config(&["--static-label=a=1 b=2", "--static-label=c=3", "--metric-prefix=tasks_"]).relabeling().is_ok());
        for label in ["task_name=x", "queue_name=x", "le=1", "x", "1=2", "a=1 a=2"] {
            assert!(config(&[&format!("--static-label={label}")]).relabeling().is_err(), "{label}");
        }
        assert!(config(&["--metric-prefix=1"]).relabeling().is_err());
    }
}
