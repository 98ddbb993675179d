//! Each part as a compose service.

use super::super::grafana;
use super::super::yaml::{Entries, because};
use super::document::{BindOptions, Build, HealthCheck, Limits, Logging, Mount, Service};
use super::{APPLICATION, MONITORING, PUBLISHED};
use crate::spec::component::{ALERTMANAGER, CELERY_EXPORTER, Component, GRAFANA, HOST, Image, NODE_EXPORTER, PROMETHEUS, REDIS_EXPORTER};
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

/// Makes the service of one part.
type Make = fn() -> Service;

/// Every part of the spec that has a container.
pub(super) fn all(spec: &Spec) -> Entries<Service> {
    let make: [(&Component, Make); 6] = [
        (&PROMETHEUS, prometheus),
        (&ALERTMANAGER, alertmanager),
        (&GRAFANA, grafana_service),
        (&NODE_EXPORTER, node_exporter),
        (&REDIS_EXPORTER, redis_exporter),
        (&CELERY_EXPORTER, celery_exporter),
    ];
    let of = |component: &Component| make.iter().find(|(other, _)| other.name == component.name).map(|(_, make)| make());
    spec.jobs.iter().filter_map(|job| Some((job.component.name, of(job.component)?))).collect()
}

fn prometheus() -> Service {
    Service {
        command: [
            "--config.file=/etc/prometheus/prometheus.yml".to_owned(),
            "--storage.tsdb.path=/prometheus".to_owned(),
            format!("--storage.tsdb.retention.time={RETENTION}"),
            format!("--web.external-url={}", PROMETHEUS.url()),
        ]
        .to_vec(),
        volumes: vec![configuration("", "/etc/prometheus"), volume("prometheus-data", "/prometheus")],
        networks: vec![MONITORING, PUBLISHED, APPLICATION],
        extra_hosts: vec![because("The host, where node-exporter listens.", format!("{HOST}:{}", variable::HOST_GATEWAY.reference()))],
        healthcheck: healthcheck(fetch(&format!("{}/-/ready", PROMETHEUS.url()))),
        limits: PROMETHEUS_LIMITS,
        ..part(&PROMETHEUS, &[&variable::METRICS_TOKEN])
    }
}

fn alertmanager() -> Service {
    Service {
        command: vec![
            "--config.file=/etc/alertmanager/alertmanager.yml".to_owned(),
            "--storage.path=/alertmanager".to_owned(),
            format!("--web.external-url={}", ALERTMANAGER.url()),
            // One Alertmanager has nobody to gossip with.
            "--cluster.listen-address=".to_owned(),
        ],
        volumes: vec![configuration("", "/etc/alertmanager"), volume("alertmanager-data", "/alertmanager")],
        networks: vec![MONITORING, PUBLISHED, APPLICATION],
        healthcheck: healthcheck(fetch(&format!("{}/-/ready", ALERTMANAGER.url()))),
        limits: ALERTMANAGER_LIMITS,
        ..part(&ALERTMANAGER, &[&variable::WEBHOOK_PASSWORD, &variable::SMTP_PASSWORD, &variable::SLACK_WEBHOOK_URL])
    }
}

fn grafana_service() -> Service {
    let environment = [
        ("GF_SECURITY_ADMIN_PASSWORD__FILE", secret_path(&variable::GRAFANA_ADMIN_PASSWORD)),
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
        ..part(&GRAFANA, &[&variable::GRAFANA_ADMIN_PASSWORD])
    }
}

fn node_exporter() -> Service {
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
        ..part(&NODE_EXPORTER, &[])
    }
}

fn redis_exporter() -> Service {
    let environment = [
        (variable::REDIS_ADDR.name.to_owned(), variable::REDIS_ADDR.reference()),
        (format!("{}_FILE", variable::REDIS_PASSWORD.name), secret_path(&variable::REDIS_PASSWORD)),
    ];
    Service {
        environment: environment.into_iter().collect(),
        networks: vec![MONITORING, APPLICATION],
        healthcheck: healthcheck(["CMD", "/redis-exporter", "healthcheck"].map(str::to_owned).to_vec()),
        limits: EXPORTER_LIMITS,
        ..part(&REDIS_EXPORTER, &[&variable::REDIS_PASSWORD])
    }
}

fn celery_exporter() -> Service {
    Service {
        environment: [(variable::CELERY_BROKER_URL.name.to_owned(), variable::CELERY_BROKER_URL.reference())].into_iter().collect(),
        networks: vec![MONITORING, APPLICATION],
        healthcheck: healthcheck(["CMD", "/celery-exporter", "healthcheck"].map(str::to_owned).to_vec()),
        limits: EXPORTER_LIMITS,
        ..part(&CELERY_EXPORTER, &[])
    }
}

/// What all parts have in common.
fn part(component: &Component, secrets: &[&Variable]) -> Service {
    Service {
        image: component.reference(),
        build: (component.image == Image::Ours).then(|| Build {
            context: ".",
            dockerfile: "exporters/Dockerfile",
            args: [("EXPORTER", component.name.to_owned())].into_iter().collect(),
        }),
        ports: if component.published {
            vec![format!("{}:{port}:{port}", variable::BIND_ADDRESS.reference(), port = component.port)]
        } else {
            Vec::new()
        },
        secrets: secrets.iter().map(|secret| secret.secret_file()).collect(),
        read_only: Some(if secrets.is_empty() { because("It writes nothing outside its volumes.", true) } else { because(WRITABLE, false) }),
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        restart: "unless-stopped",
        logging: Logging { driver: "json-file", options: [("max-size", "10m"), ("max-file", "3")].into_iter().collect() },
        ..Service::default()
    }
}

/// Where a container finds a secret: nowhere, if an optional one is empty, since compose then makes no file.
fn secret_path(variable: &Variable) -> String {
    debug_assert!(variable.reader == Reader::Secret, "{} is a secret", variable.name);
    let path = format!("{SECRETS}/{}", variable.secret_file());
    if variable.value == Value::Required { path } else { format!("${{{}:+{path}}}", variable.name) }
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
