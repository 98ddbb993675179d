//! The parts of the stack: image, port, job, and what a page of each may hold.

use metric_catalogue::exporter::Exporter;
use metric_catalogue::{Program, api, celery, external, postgres, redis};

/// A part of the stack, which runs as the compose service of its name.
#[derive(Debug)]
pub(crate) struct Component {
    /// Compose service name, and so the host name on the compose network.
    pub(crate) name: &'static str,
    pub(crate) image: Image,
    pub(crate) port: u16,
    /// Value of the label `job`.
    pub(crate) job: &'static str,
    /// Whether the port is published on the host, for people.
    pub(crate) published: bool,
    /// Whether several containers of it can stand side by side.
    pub(crate) several: bool,
    /// Where Prometheus finds it.
    pub(crate) host: &'static str,
    /// What its page holds.
    pub(crate) program: &'static Program,
    /// What it says of itself, if it is an exporter of ours.
    pub(crate) exporter: Option<&'static Exporter>,
    pub(crate) limits: Limits,
}

/// Where a part comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Image {
    /// Pinned: an upgrade is a change of this table.
    Upstream { name: &'static str, version: &'static str },
    /// Built from `exporters/Dockerfile`.
    Ours,
    /// A watched service, which is not in our compose file.
    Watched,
}

/// What Prometheus refuses, so that one broken target cannot take the server with it. A page beyond a limit counts as a
/// failed scrape, hence the room left above what was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) samples: u32,
    pub(crate) labels: u32,
    pub(crate) label_name_length: u32,
    pub(crate) label_value_length: u32,
    pub(crate) body_size: &'static str,
}

/// Other programs' pages: a small server of each shows 450 to 2,500 samples; nodes grow with processors and disks.
const UPSTREAM_LIMITS: Limits = Limits { samples: 20_000, labels: 40, label_name_length: 128, label_value_length: 1_024, body_size: "16MB" };

/// Our pages: exporters bound their own series and cut label values at 128 bytes before Prometheus would have to refuse.
const OUR_LIMITS: Limits = Limits { samples: 10_000, labels: 30, label_name_length: 128, label_value_length: 512, body_size: "8MB" };

/// Pages that grow with what is watched, up to the exporters' own bounds: 2,000 task names of some 64 samples each are 128,000,
/// and 5,000 tables of some 34 families each 170,000; twice that is left for the other families and for bounds that an operator
/// raised. A sample takes 90 bytes with a task's name and up to 160 with database, schema and table, so that 400,000 of them
/// fit into 64 MB.
const OUR_LARGE_LIMITS: Limits = Limits { samples: 400_000, body_size: "64MB", ..OUR_LIMITS };

/// What the host is called from inside a container.
pub(crate) const HOST: &str = "host.docker.internal";

pub(crate) static PROMETHEUS: Component = Component {
    name: "prometheus",
    image: Image::Upstream { name: "prom/prometheus", version: "v3.14.0" },
    port: 9090,
    job: "prometheus",
    published: true,
    several: true,
    host: "prometheus",
    program: &external::prometheus::PROGRAM,
    exporter: None,
    limits: UPSTREAM_LIMITS,
};

pub(crate) static ALERTMANAGER: Component = Component {
    name: "alertmanager",
    image: Image::Upstream { name: "prom/alertmanager", version: "v0.34.0" },
    port: 9093,
    job: "alertmanager",
    published: true,
    several: true,
    host: "alertmanager",
    program: &external::alertmanager::PROGRAM,
    exporter: None,
    limits: UPSTREAM_LIMITS,
};

pub(crate) static GRAFANA: Component = Component {
    name: "grafana",
    image: Image::Upstream { name: "grafana/grafana", version: "13.2.3" },
    port: 3000,
    job: "grafana",
    published: true,
    several: false,
    host: "grafana",
    program: &external::grafana::PROGRAM,
    exporter: None,
    limits: UPSTREAM_LIMITS,
};

pub(crate) static NODE_EXPORTER: Component = Component {
    name: "node-exporter",
    image: Image::Upstream { name: "prom/node-exporter", version: "v1.12.1" },
    port: 9100,
    job: "node",
    published: false,
    several: false,
    host: HOST,
    program: &external::node::PROGRAM,
    exporter: None,
    limits: UPSTREAM_LIMITS,
};

pub(crate) static POSTGRES_EXPORTER: Component = Component {
    name: "postgres-exporter",
    image: Image::Ours,
    port: 9187,
    job: "postgres",
    published: false,
    several: true,
    host: "postgres-exporter",
    program: &postgres::PROGRAM,
    exporter: Some(&postgres::exporter::EXPORTER),
    limits: OUR_LARGE_LIMITS,
};

pub(crate) static REDIS_EXPORTER: Component = Component {
    name: "redis-exporter",
    image: Image::Ours,
    port: 9121,
    job: "redis",
    published: false,
    several: true,
    host: "redis-exporter",
    program: &redis::PROGRAM,
    exporter: Some(&redis::exporter::EXPORTER),
    limits: OUR_LIMITS,
};

pub(crate) static CELERY_EXPORTER: Component = Component {
    name: "celery-exporter",
    image: Image::Ours,
    port: 9808,
    job: "celery",
    published: false,
    several: true,
    host: "celery-exporter",
    program: &celery::PROGRAM,
    exporter: Some(&celery::exporter::EXPORTER),
    limits: OUR_LARGE_LIMITS,
};

/// The API, whichever program it is: what counts is that it carries our tower layer.
pub(crate) static API: Component = Component {
    name: "selextract-api",
    image: Image::Watched,
    port: 8000,
    job: "selextract-api",
    published: false,
    several: false,
    host: "api",
    program: &api::PROGRAM,
    exporter: None,
    limits: OUR_LIMITS,
};

/// Every part, in the order of the rendered files.
pub(crate) static ALL: [&Component; 8] =
    [&PROMETHEUS, &ALERTMANAGER, &GRAFANA, &NODE_EXPORTER, &POSTGRES_EXPORTER, &REDIS_EXPORTER, &CELERY_EXPORTER, &API];

impl Component {
    /// `host:port` as Prometheus reaches it in the compose network.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The same for one of several.
    pub(crate) fn address_of(&self, number: u8) -> String {
        format!("{}:{}", numbered(self.host, number), self.port)
    }

    /// Compose service name of one of several.
    pub(crate) fn name_of(&self, number: u8) -> String {
        numbered(self.name, number)
    }

    /// Port of the host on which one of several is published.
    pub(crate) fn published_port(&self, number: u8) -> u16 {
        self.port + 100 * (u16::from(number).saturating_sub(1))
    }

    /// Where a person on the host reaches a published one.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The image's reference; ours carries the version of this workspace.
    pub(crate) fn reference(&self) -> String {
        match self.image {
            Image::Upstream { name, version } => format!("{name}:{version}"),
            Image::Ours | Image::Watched => format!("selextract/{}:{}", self.name, env!("CARGO_PKG_VERSION")),
        }
    }
}

/// The first of several is called as if it were alone.
fn numbered(name: &str, number: u8) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}-{number}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_jobs_and_ports_are_unique() {
        let distinct = |values: Vec<String>| values.into_iter().collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(ALL.iter().map(|component| component.name.to_owned()).collect()), ALL.len());
        assert_eq!(distinct(ALL.iter().map(|component| component.job.to_owned()).collect()), ALL.len());
        assert_eq!(distinct(ALL.iter().map(|component| component.port.to_string()).collect()), ALL.len());
    }

    #[test]
    fn programs_are_those_of_the_catalogue() {
        for component in ALL {
            assert_eq!(component.program.name, component.name);
        }
    }
}
