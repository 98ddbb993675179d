//! Each part as a compose service.

use super::super::grafana;
use super::super::prometheus as configuration_of_prometheus;
use super::super::yaml::{Entries, because};
use super::document::{BindOptions, Build, HealthCheck, Limits, Logging, Mount, Service};
use super::{APPLICATION, MONITORING, PUBLISHED};
use crate::spec::component::{
    ALERTMANAGER, API, CELERY_EXPORTER, Component, GRAFANA, HOST, Image, NODE_EXPORTER, POSTGRES_EXPORTER, PROMETHEUS, REDIS_EXPORTER,
};
use crate::spec::duration::Duration;
use crate::spec::variable::{self, Reader, Value, Variable};
use crate::spec::{RETENTION, Spec};

/// Where compose puts secrets.
const SECRETS: &str = "/run/secrets";

/// A small stack needs 100 MB; 3 kB for each of half a million series fit in the rest.
const PROMETHEUS_LIMITS: Limits = Limits { mem_limit: "2g", cpus: 1.0, pids_limit: 256 };

/// 35 MB seen; alerts by the thousand fit.
const ALERTMANAGER_LIMITS: Limits = Limits { mem_limit: "256m", cpus: 0.5, pids_limit: 128 };

/// Its plugins are programs of their own.
const GRAFANA_LIMITS: Limits = Limits { mem_limit: "512m", cpus: 1.0, pids_limit: 256 };

/// 25 MB seen.
const NODE_EXPORTER_LIMITS: Limits = Limits { mem_limit: "128m", cpus: 0.2, pids_limit: 64 };

/// Why a part with a secret has a writable root (docker/compose#12531). Its process is no root and owns nothing there.
const WRITABLE: &str = "Compose refuses to copy a secret from .env into a read-only container.";

/// What our exporters promise to live with.
const EXPORTER_LIMITS: Limits = Limits { mem_limit: "128m", cpus: 0.1, pids_limit: 64 };

/// Two passwords are hashed at once, with 19 MiB each; alerts and rows of a demonstration fit in the rest.
const API_LIMITS: Limits = Limits { mem_limit: "256m", cpus: 0.5, pids_limit: 64 };

/// Profile of what is started to try the stack out, and at no other time.
const DEMO: &str = "demo";

/// Where Alertmanagers tell each other what they have sent.
const CLUSTER_PORT: u16 = 9_094;

/// Between two writes of what was sent. Alertmanager's own quarter of an hour is too long: after a SIGKILL it would have forgotten
/// what it told of, and would not say that it is over.
const MAINTENANCE: Duration = Duration::minutes(1);

/// One container of a part.
#[derive(Clone, Copy)]
struct Place {
    /// From 1.
    number: u8,
    /// How many there are.
    count: u8,
}

/// Makes the service of one part.
type Make = fn(Place) -> Service;

const MAKE: [(&Component, Make); 7] = [
    (&PROMETHEUS, prometheus),
    (&ALERTMANAGER, alertmanager),
    (&GRAFANA, grafana_service),
    (&NODE_EXPORTER, node_exporter),
    (&POSTGRES_EXPORTER, postgres_exporter),
    (&REDIS_EXPORTER, redis_exporter),
    (&CELERY_EXPORTER, celery_exporter),
];

/// Every part of the spec that has a container, once, and the API of the demonstration.
pub(super) fn all(spec: &Spec) -> Entries<Service> {
    let parts = spec.jobs.iter().filter_map(|job| Some((job.component.name, one(job.component, Place { number: 1, count: 1 })?)));
    parts.chain([(API.host, demonstration())]).collect()
}

/// What a site with several containers of a part has besides: the further ones.
pub(super) fn further(component: &Component, count: u8) -> impl Iterator<Item = (String, Service)> {
    (2..=count).filter_map(move |number| Some((component.name_of(number), one(component, Place { number, count })?)))
}

/// How the first of several is started, if that is otherwise than alone.
pub(super) fn command_among(component: &Component, count: u8) -> Option<Vec<String>> {
    let command = |count| one(component, Place { number: 1, count }).map(|service| service.command);
    command(count).filter(|among| Some(among) != command(1).as_ref())
}

fn one(component: &Component, place: Place) -> Option<Service> {
    MAKE.iter().find(|(other, _)| other.name == component.name).map(|(_, make)| make(place))
}

/// Where a person on the host reaches one of several.
fn url(component: &Component, number: u8) -> String {
    format!("http://127.0.0.1:{}", component.published_port(number))
}

fn prometheus(place: Place) -> Service {
    Service {
        command: [
            format!("--config.file=/etc/prometheus/{}", configuration_of_prometheus::path(place.number)),
            "--storage.tsdb.path=/prometheus".to_owned(),
            format!("--storage.tsdb.retention.time={RETENTION}"),
            format!("--web.external-url={}", url(&PROMETHEUS, place.number)),
        ]
        .to_vec(),
        volumes: vec![configuration("", "/etc/prometheus"), volume(&format!("{}-data", PROMETHEUS.name_of(place.number)), "/prometheus")],
        networks: vec![MONITORING, PUBLISHED, APPLICATION],
        extra_hosts: vec![because("The host, where node-exporter listens.", format!("{HOST}:{}", variable::HOST_GATEWAY.reference()))],
        healthcheck: healthcheck(fetch(&format!("{}/-/ready", PROMETHEUS.url()))),
        limits: PROMETHEUS_LIMITS,
        ..part(&PROMETHEUS, place, [variable::METRICS_TOKEN.secret_file()])
    }
}

fn alertmanager(place: Place) -> Service {
    let mut command = vec![
        "--config.file=/etc/alertmanager/alertmanager.yml".to_owned(),
        "--storage.path=/alertmanager".to_owned(),
        format!("--web.external-url={}", url(&ALERTMANAGER, place.number)),
        format!("--data.maintenance-interval={MAINTENANCE}"),
    ];
    command.extend(cluster(place));
    Service {
        command,
        volumes: vec![configuration("", "/etc/alertmanager"), volume(&format!("{}-data", ALERTMANAGER.name_of(place.number)), "/alertmanager")],
        networks: vec![MONITORING, PUBLISHED, APPLICATION],
        healthcheck: healthcheck(fetch(&format!("{}/-/ready", ALERTMANAGER.url()))),
        limits: ALERTMANAGER_LIMITS,
        ..part(&ALERTMANAGER, place, [&variable::WEBHOOK_PASSWORD, &variable::SMTP_PASSWORD, &variable::SLACK_WEBHOOK_URL].map(Variable::secret_file))
    }
}

/// Who else sends the same notifications, so that one of them is enough.
fn cluster(place: Place) -> Vec<String> {
    if place.count == 1 {
        // One Alertmanager has nobody to gossip with.
        return vec!["--cluster.listen-address=".to_owned()];
    }
    let peers = (1..=place.count).filter(|number| *number != place.number);
    let peers = peers.map(|number| format!("--cluster.peer={}:{CLUSTER_PORT}", ALERTMANAGER.name_of(number)));
    [format!("--cluster.listen-address=0.0.0.0:{CLUSTER_PORT}")].into_iter().chain(peers).collect()
}

fn grafana_service(place: Place) -> Service {
    let environment = [
        ("GF_SECURITY_ADMIN_PASSWORD__FILE", secret_path(&variable::GRAFANA_ADMIN_PASSWORD, 1)),
        ("GF_PATHS_PROVISIONING", format!("{}/provisioning", grafana::MOUNT)),
        ("GF_SERVER_ROOT_URL", format!("{}/", GRAFANA.url())),
        ("GF_USERS_ALLOW_SIGN_UP", "false".to_owned()),
        ("GF_ANALYTICS_REPORTING_ENABLED", "false".to_owned()),
        ("GF_ANALYTICS_CHECK_FOR_UPDATES", "false".to_owned()),
        ("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false".to_owned()),
        ("GF_PLUGINS_PREINSTALL_DISABLED", "true".to_owned()),
    ];
    Service {
        environment: environment.into_iter().collect(),
        volumes: vec![
            configuration("/grafana", grafana::MOUNT),
            // Grafana's own web server shows the runbooks that alerts link to.
            configuration("/runbooks", "/usr/share/grafana/public/runbooks"),
            volume("grafana-data", "/var/lib/grafana"),
        ],
        networks: vec![MONITORING, PUBLISHED],
        healthcheck: healthcheck(fetch(&format!("{}/api/health", GRAFANA.url()))),
        limits: GRAFANA_LIMITS,
        ..part(&GRAFANA, place, [variable::GRAFANA_ADMIN_PASSWORD.secret_file()])
    }
}

fn node_exporter(place: Place) -> Service {
    let address = format!("{}:{}", variable::HOST_GATEWAY.reference(), NODE_EXPORTER.port);
    Service {
        command: vec![
            format!("--web.listen-address={address}"),
            "--path.procfs=/host/proc".to_owned(),
            "--path.sysfs=/host/sys".to_owned(),
            "--path.rootfs=/host/root".to_owned(),
        ],
        volumes: vec![host("/proc", "/host/proc"), host("/sys", "/host/sys"), host("/", "/host/root")],
        // It listens on Docker's bridge only: on all addresses, the whole network of the host could read it.
        network_mode: Some(because("One of its own would show the container's interfaces, not the host's.", "host")),
        healthcheck: healthcheck(fetch(&format!("http://{address}/"))),
        limits: NODE_EXPORTER_LIMITS,
        ..part(&NODE_EXPORTER, place, [])
    }
}

fn postgres_exporter(place: Place) -> Service {
    // What holds without a DSN of the site's own, for the first server.
    let address = (place.number == 1).then(|| ("DATA_SOURCE_URI", "postgres:5432/postgres".to_owned()));
    let file = if place.number == 1 { secret_path(&variable::POSTGRES_DSN, 1) } else { required_path(&variable::POSTGRES_DSN, place.number) };
    Service {
        environment: address.into_iter().chain([("DATA_SOURCE_NAME_FILE", file)]).collect(),
        ..exporter(&POSTGRES_EXPORTER, place, &variable::POSTGRES_DSN)
    }
}

fn redis_exporter(place: Place) -> Service {
    let environment = [
        (variable::REDIS_ADDR.name.to_owned(), variable::REDIS_ADDR.reference_of(place.number)),
        (format!("{}_FILE", variable::REDIS_PASSWORD.name), secret_path(&variable::REDIS_PASSWORD, place.number)),
    ];
    Service { environment: environment.into_iter().collect(), ..exporter(&REDIS_EXPORTER, place, &variable::REDIS_PASSWORD) }
}

fn celery_exporter(place: Place) -> Service {
    let environment = [
        (variable::CELERY_BROKER_URL.name, variable::CELERY_BROKER_URL.reference_of(place.number)),
        ("CE_BROKER_PASSWORD_FILE", secret_path(&variable::CELERY_BROKER_PASSWORD, place.number)),
    ];
    Service { environment: environment.into_iter().collect(), ..exporter(&CELERY_EXPORTER, place, &variable::CELERY_BROKER_PASSWORD) }
}

/// Stands in for the user's own API: everything in memory, and traffic that it sends itself. Called as the user's is, so that
/// Prometheus scrapes it and Alertmanager posts to it without knowing the difference.
fn demonstration() -> Service {
    let place = Place { number: 1, count: 1 };
    let environment = [
        ("METRICS_TOKEN_FILE", secret_path(&variable::METRICS_TOKEN, 1)),
        ("ALERTMANAGER_WEBHOOK_PASSWORD_FILE", secret_path(&variable::WEBHOOK_PASSWORD, 1)),
    ];
    let service = part(&API, place, [&variable::METRICS_TOKEN, &variable::WEBHOOK_PASSWORD].map(Variable::secret_file));
    Service {
        profiles: vec![DEMO],
        build: Some(build("api-metrics", Some(API.name))),
        command: vec!["--simulate".to_owned()],
        environment: environment.into_iter().collect(),
        ports: vec![published(&API, place)],
        networks: vec![MONITORING, PUBLISHED],
        healthcheck: healthcheck(vec!["CMD".to_owned(), format!("/{}", API.name), "healthcheck".to_owned()]),
        limits: API_LIMITS,
        ..service
    }
}

/// What our exporters have in common. Each of several has a secret of its own.
fn exporter(component: &Component, place: Place, secret: &Variable) -> Service {
    Service {
        networks: vec![MONITORING, APPLICATION],
        healthcheck: healthcheck(vec!["CMD".to_owned(), format!("/{}", component.name), "healthcheck".to_owned()]),
        limits: EXPORTER_LIMITS,
        ..part(component, place, [secret_file(secret, place.number)])
    }
}

/// What all parts have in common.
fn part<const N: usize>(component: &Component, place: Place, secrets: [String; N]) -> Service {
    Service {
        image: component.reference(),
        build: (component.image == Image::Ours).then(|| build(component.name, None)),
        ports: if component.published { vec![published(component, place)] } else { Vec::new() },
        read_only: Some(if N == 0 { because("It writes nothing outside its volumes.", true) } else { because(WRITABLE, false) }),
        secrets: secrets.into(),
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        restart: "unless-stopped",
        logging: Logging { driver: "json-file", options: [("max-size", "10m"), ("max-file", "3")].into_iter().collect() },
        ..Service::default()
    }
}

/// How an image of ours is built; a package's program has its name unless another is given.
fn build(package: &str, binary: Option<&str>) -> Build {
    let args = [("PACKAGE", package)].into_iter().chain(binary.map(|binary| ("BINARY", binary)));
    Build { context: ".", dockerfile: "exporters/Dockerfile", args: args.map(|(name, value)| (name, value.to_owned())).collect() }
}

/// A port of the host, on loopback unless the site says otherwise.
fn published(component: &Component, place: Place) -> String {
    format!("{}:{}:{}", variable::BIND_ADDRESS.reference(), component.published_port(place.number), component.port)
}

/// Name of the file that holds the secret of one of several.
fn secret_file(variable: &Variable, number: u8) -> String {
    variable.name_of(number).to_ascii_lowercase()
}

fn required_path(variable: &Variable, number: u8) -> String {
    format!("{SECRETS}/{}", secret_file(variable, number))
}

/// Where a container finds a secret: nowhere, if an optional one is empty, since compose then makes no file.
fn secret_path(variable: &Variable, number: u8) -> String {
    debug_assert!(variable.reader == Reader::Secret, "{} is a secret", variable.name);
    let path = required_path(variable, number);
    if variable.value == Value::Required { path } else { format!("${{{}:+{path}}}", variable.name_of(number)) }
}

/// A directory of the rendered set: a whole one, so that replaced files are seen inside.
fn configuration(directory: &str, target: &str) -> Mount {
    bind(format!("{}{directory}", variable::CONFIG_DIR.reference()), target, None)
}

/// A directory of the host, with what is mounted below it later.
fn host(source: &str, target: &str) -> Mount {
    bind(source.to_owned(), target, Some("rslave"))
}

fn bind(source: String, target: &str, propagation: Option<&'static str>) -> Mount {
    Mount::Bind { source, target: target.to_owned(), read_only: true, bind: BindOptions { create_host_path: false, propagation } }
}

fn volume(source: &str, target: &str) -> Mount {
    Mount::Volume { source: source.to_owned(), target: target.to_owned() }
}

fn healthcheck(test: Vec<String>) -> HealthCheck {
    HealthCheck { test, interval: "15s", timeout: "5s", retries: 3, start_period: "30s" }
}

/// The images of others have no health check of their own, but a `wget`.
fn fetch(url: &str) -> Vec<String> {
    ["CMD", "wget", "-q", "-O", "/dev/null", url].map(str::to_owned).to_vec()
}
