//! Flags and variables: the peer's names where it has them.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, ValueEnum};
use exporter_core::{Aliases, Bounds, ConfigError, Relabeling, Secret, SecretFile, SecretSource, duration, switch};

use metric_catalogue::celery::{PROGRAM, peer};

use crate::{
    address::{self, Address, EXPECTED, Endpoint, Scheme, redacted},
    amqp::{self, EventQueue},
    connect::Credentials,
    counts::Hostnames,
    options::{self, Options},
    redis::{self, Nodes, keys::Keys},
    settings::{Broker, NameScheme, Polling, Settings},
    tasks::filter::Filter,
    tls::Tls,
    tracker,
    workers::Lifetimes,
};

/// How long events wait for an exporter that has lost its connection.
const EVENTS_WAIT: Duration = Duration::from_mins(1);

/// The port that exporters of Celery are known by.
const PORT: u16 = 9808;

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
    /// Time after which a worker that is not heard of is down
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
    /// Patterns of queues to count, with * for anything; separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub queues_include: Vec<String>,
    /// Patterns of queues not to count
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', default_value = "celery_delayed_*")]
    pub queues_exclude: Vec<String>,
    /// Patterns of names of tasks to count, with * for anything; separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub tasks_include: Vec<String>,
    /// Patterns of names of tasks not to count
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub tasks_exclude: Vec<String>,
    /// Most names of tasks; tasks of further names are counted as __other__
    #[arg(long, value_name = "COUNT", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub max_task_names: u32,
    /// Memory for what is remembered of single tasks, in MiB
    #[arg(long, value_name = "MIB", default_value = "12", value_parser = clap::value_parser!(u32).range(1..=4096))]
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
                queues: filter(&self.queues_include, &self.queues_exclude),
            },
            tracker: tracker::Settings {
                table_bytes: usize::try_from(self.task_table_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20),
                names: usize::try_from(self.max_task_names).unwrap_or(usize::MAX),
                tasks: filter(&self.tasks_include, &self.tasks_exclude),
                lifetimes: Lifetimes {
                    timeout: self.worker_timeout,
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

    fn broker(&self) -> Result<Broker, ConfigError> {
        let given = |secret: &Option<Secret>| secret.clone().filter(|url| !url.reveal().is_empty());
        let url = given(&self.broker_url).or_else(|| given(&self.celery_broker_url));
        let url = url.ok_or_else(|| ConfigError::new("--broker-url", "nothing", EXPECTED))?;
        let invalid =
            |error: address::AddressError| ConfigError::new("--broker-url", &format!("{}, which {error}", redacted(url.reveal())), EXPECTED);
        let mut addresses = address::parse(url.reveal()).map_err(invalid)?;
        let options = Options::parse(&self.broker_transport_options)
            .map_err(|found| ConfigError::new("--broker-transport-option", &found, "name=value, for example global_keyprefix=acme:"))?;
        let tls = self.tls(&mut addresses)?;
        let Some(first) = addresses.first().cloned() else { return Err(invalid(address::AddressError::Empty)) };
        let password = first.password.clone().map(SecretSource::Value);
        let password = password.or_else(|| self.broker_password_file.clone().map(|path| SecretSource::File(SecretFile::from(path))));
        let credentials = Credentials { user: first.user.clone(), password };
        match first.scheme {
            Scheme::Redis | Scheme::Sentinel => self.redis(&addresses, &options, credentials, tls).map(Broker::Redis),
            Scheme::Amqp => Ok(Broker::Amqp(self.amqp(&addresses, credentials, tls))),
        }
    }

    fn redis(&self, addresses: &[Address], options: &Options, credentials: Credentials, tls: Tls) -> Result<redis::Broker, ConfigError> {
        let first = addresses.first();
        let path = first.and_then(|address| address.path.as_deref()).map(|path| path.trim_start_matches('/'));
        let database = path.filter(|path| !path.is_empty()).map_or(Ok(0), str::parse);
        let database = database.map_err(|_| ConfigError::new("--broker-url", path.unwrap_or_default(), "the number of a database"))?;
        let endpoints = Nodes::endpoints(addresses);
        let nodes = if first.is_some_and(|address| address.scheme == Scheme::Sentinel) {
            let master = options.text("master_name").ok_or_else(|| {
                ConfigError::new("--broker-transport-option", "no master_name", "master_name=<name>, since the broker is behind Sentinels")
            })?;
            let secret = |part| options.part("sentinel_kwargs", part).map(str::to_owned);
            let credentials = Credentials { user: secret("username"), password: secret("password").map(Secret::new).map(SecretSource::Value) };
            Nodes::Sentinels { sentinels: endpoints, credentials, master: master.to_owned() }
        } else {
            Nodes::Any(endpoints)
        };
        let keys = Keys::new(options, database, self.event_exchange.clone(), self.control_exchange.clone());
        Ok(redis::Broker { nodes, credentials, tls, database, keys })
    }

    fn amqp(&self, addresses: &[Address], credentials: Credentials, tls: Tls) -> amqp::Broker {
        let named = !self.event_queue_ttl.is_zero();
        let ttl = if named { self.event_queue_ttl } else { EVENTS_WAIT };
        amqp::Broker {
            endpoints: Nodes::endpoints(addresses),
            credentials,
            tls,
            host: addresses.first().and_then(|address| address.path.clone()).unwrap_or_else(|| "/".to_owned()),
            event_exchange: self.event_exchange.clone(),
            control: self.control_exchange.clone(),
            queue: EventQueue {
                name: named.then(|| self.event_queue_name.clone()),
                milliseconds: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
            },
        }
    }

    /// The options of TLS, from the URL and from their flag, which turns it on.
    fn tls(&self, addresses: &mut [Address]) -> Result<Tls, ConfigError> {
        let mut tls = Tls::default();
        for (name, value) in addresses.iter().flat_map(|address| &address.options) {
            tls.set(name, value);
        }
        for option in self.broker_ssl_options.iter().flat_map(|option| options::split(option)) {
            let known = option.split_once('=').is_some_and(|(name, value)| tls.set(name, value.trim_matches('"')));
            if !known {
                let expected = "ca_certs=FILE, certfile=FILE, keyfile=FILE or cert_reqs=none";
                return Err(ConfigError::new("--broker-ssl-option", option, expected));
            }
        }
        if !self.broker_ssl_options.is_empty() {
            for address in addresses {
                if let Endpoint::Tcp { tls, .. } = &mut address.endpoint {
                    *tls = true;
                }
            }
        }
        Ok(tls)
    }
}

/// A duration, or a plain number of seconds as the peer has it.
fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<u64>().map(Duration::from_secs).or_else(|_| duration(text))
}

fn positive(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|time| if time.is_zero() { Err("expected more than 0s".to_owned()) } else { Ok(time) })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

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

    #[test]
    fn broker_is_read_from_its_url() {
        let broker = redis(&["--broker-url=rediss://user:pass@host:1/3?ssl_cert_reqs=none"]);
        assert_eq!((broker.database, broker.tls.skip_verification, broker.credentials.user.as_deref()), (3, true, Some("user")));
        assert!(matches!(&broker.nodes, Nodes::Any(endpoints) if endpoints.len() == 1));
        let url = "--broker-url=sentinel://:p@a;sentinel://b/1";
        let broker = redis(&[url, "--broker-transport-option=master_name=main", "--broker-transport-option=sentinel_kwargs={\"password\": \"s\"}"]);
        assert!(matches!(&broker.nodes, Nodes::Sentinels { sentinels, master, .. } if sentinels.len() == 2 && master == "main"));
        assert!(settings(&[url]).unwrap_err().contains("master_name"));
    }

    #[test]
    fn queue_of_events_is_kept_on_demand() {
        let amqp = |flags: &[&str]| match settings(flags).unwrap().broker {
            Broker::Amqp(broker) => broker,
            Broker::Redis(broker) => panic!("{broker:?}"),
        };
        let broker = amqp(&["--broker-url=amqp://u:p@host/shop"]);
        assert_eq!((broker.host.as_str(), &broker.queue), ("shop", &EventQueue { name: None, milliseconds: 60_000 }));
        let broker = amqp(&["--broker-url=amqp://host", "--event-queue-ttl=10m"]);
        assert_eq!((broker.host.as_str(), broker.queue.milliseconds), ("/", 600_000));
        assert_eq!(broker.queue.name.as_deref(), Some("celeryev.celery-exporter"));
    }

    #[test]
    fn tls_option_turns_tls_on() {
        let broker = redis(&["--broker-url=redis://host", "--broker-ssl-option=ca_certs=/ca.pem"]);
        assert!(matches!(&broker.nodes, Nodes::Any(endpoints) if matches!(endpoints[..], [Endpoint::Tcp { tls: true, .. }])));
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
        assert_eq!(settings.tracker.lifetimes.timeout, Duration::from_secs(30));
        assert_eq!((settings.tracker.lifetimes.purge, settings.polling.named), (None, vec!["a".to_owned(), "b".to_owned()]));
        for text in ["", "2,1", "x", "nan"] {
            assert!(self::settings(&["--broker-url=redis://h", &format!("--buckets={text}")]).is_err(), "{text}");
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
