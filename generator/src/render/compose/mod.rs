//! `docker-compose.monitoring.yml`: the stack as containers. The same for every site: what differs is in `.env`.

mod document;
mod services;

use std::collections::BTreeSet;

use serde::Serialize;

use document::{Document, Empty, Network, Secret, Service};

use super::yaml::{Entries, because};
use super::{File, Place, RenderError, yaml};
use crate::spec::Spec;
use crate::spec::component::{self, Component, Image};
use crate::spec::variable::{self, Reader};

/// Between the parts; nothing outside can be reached from it.
const MONITORING: &str = "monitoring";

/// Of the parts that are published on the host or send something out.
const PUBLISHED: &str = "published";

/// Where the watched services are.
const APPLICATION: &str = "application";

pub(super) fn file(spec: &Spec) -> Result<File, RenderError> {
    let services = services::all(spec);
    let volumes: BTreeSet<String> = services.0.iter().flat_map(|(_, service)| service.named_volumes()).collect();
    let secrets = variable::ALL.into_iter().filter(|variable| variable.reader == Reader::Secret);
    let monitoring = Network { internal: Some(because("Between the parts: no way in, no way out.", true)), ..Network::default() };
    let published =
        Network { driver: Some(because("For parts that are published on the host or send something out.", "bridge")), ..Network::default() };
    let application =
        Network { external: Some(because("The watched services' own.", true)), name: Some(variable::APP_NETWORK.reference()), ..Network::default() };
    let document = Document {
        name: "selextract-monitoring",
        services,
        networks: [(MONITORING, monitoring), (PUBLISHED, published), (APPLICATION, application)].into_iter().collect(),
        volumes: volumes.into_iter().map(|volume| (volume, Empty {})).collect(),
        secrets: secrets.map(|variable| (variable.secret_file(), Secret::of(&variable.secret_file()))).collect(),
    };
    yaml::file(Place::Project, "docker-compose.monitoring.yml", &document)
}

/// Path of what a site changes of it, in the set.
const SITE: &str = "compose.site.yml";

/// What a site changes; given to compose after the file that is the same for all.
#[derive(Serialize)]
struct SiteDocument {
    #[serde(skip_serializing_if = "Entries::is_empty")]
    services: Entries<SiteService>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    networks: Entries<SiteNetwork>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    volumes: Entries<Empty>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    secrets: Entries<Secret>,
}

/// What a service of the common file has otherwise, or a further one.
#[derive(Serialize)]
#[serde(untagged)]
enum SiteService {
    Changed {
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<Vec<String>>,
    },
    Further(Box<Service>),
}

#[derive(Serialize)]
struct SiteNetwork {
    name: String,
}

/// `compose.site.yml`, if the site has versions of images, a network or several containers of its own.
pub(super) fn site_file(spec: &Spec) -> Result<Option<File>, RenderError> {
    let (mut services, mut volumes, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
    for component in component::ALL {
        let (image, count) = (own_image(spec, component), spec.site.instances(component));
        let command = services::command_among(component, count);
        if image.is_some() || command.is_some() {
            services.push((component.name.to_owned(), SiteService::Changed { image: image.clone(), command }));
        }
        for (name, mut service) in services::further(component, count) {
            service.image = image.clone().unwrap_or(service.image);
            volumes.extend(service.named_volumes().map(|volume| (volume, Empty {})));
            secrets.extend(service.secrets.iter().filter(|secret| is_own(secret)).map(|secret| (secret.clone(), Secret::of(secret))));
            services.push((name, SiteService::Further(Box::new(service))));
        }
    }
    let networks: Entries<SiteNetwork> = spec.site.network.iter().map(|name| (APPLICATION, SiteNetwork { name: name.clone() })).collect();
    if services.is_empty() && networks.is_empty() {
        return Ok(None);
    }
    let document = SiteDocument { services: Entries(services), networks, volumes: Entries(volumes), secrets: Entries(secrets) };
    yaml::file(Place::Set, SITE, &document).map(Some)
}

/// The image of a component in the site's own version.
fn own_image(spec: &Spec, component: &Component) -> Option<String> {
    match (&component.image, spec.site.versions.get(component.name)) {
        (Image::Upstream { name, version }, Some(own)) if own != version => Some(format!("{name}:{own}")),
        _ => None,
    }
}

/// Whether a secret is one of several, which the common file does not declare.
fn is_own(secret: &str) -> bool {
    !variable::ALL.into_iter().any(|variable| variable.secret_file() == *secret)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::text_of;
    use crate::spec::component::{self, Image};
    use crate::spec::site::Site;
    use crate::spec::variable::{self, Reader, Variable};

    fn text() -> String {
        text_of(&Site::default(), "docker-compose.monitoring.yml")
    }

    #[test]
    fn variables_of_compose_are_those_of_the_table() {
        let text = text();
        let expanded = text.split("${").skip(1).filter_map(|rest| rest.split([':', '}']).next());
        let secrets = text.split("environment: ").skip(1).filter_map(|rest| rest.lines().next());
        let used: BTreeSet<&str> = expanded.chain(secrets).filter(|name| !name.is_empty()).collect();
        let table: BTreeSet<&str> =
            variable::ALL.into_iter().filter(|variable| variable.reader != Reader::Generator).map(|variable: &Variable| variable.name).collect();
        assert_eq!(used, table);
    }

    #[test]
    fn passwords_reach_exporters_as_files() {
        let text = text();
        for (variable, file) in [
            ("DATA_SOURCE_NAME_FILE", "${POSTGRES_DSN:+/run/secrets/postgres_dsn}"),
            ("REDIS_PASSWORD_FILE", "${REDIS_PASSWORD:+/run/secrets/redis_password}"),
            ("CE_BROKER_PASSWORD_FILE", "${CELERY_BROKER_PASSWORD:+/run/secrets/celery_broker_password}"),
        ] {
            assert!(text.contains(&format!("      {variable}: {file}\n")), "{variable}");
        }
    }

    #[test]
    fn every_component_has_a_service() {
        let text = text();
        for component in component::ALL.into_iter().filter(|component| component.image != Image::Watched) {
            assert!(text.contains(&format!("\n  {}:\n    image: {}\n", component.name, component.reference())), "{}", component.name);
        }
    }

    #[test]
    fn the_demonstration_s_api_is_there_only_when_it_is_asked_for() {
        let text = text();
        let (_, api) = text.split_once("\n  api:\n").unwrap();
        let api = api.split("\nnetworks:\n").next().unwrap();
        for part in [
            "    image: selextract/selextract-api:",
            "    profiles:\n    - demo\n",
            "        PACKAGE: api-metrics\n        BINARY: selextract-api\n",
            "      METRICS_TOKEN_FILE: ${METRICS_TOKEN:+/run/secrets/metrics_token}\n",
            "      ALERTMANAGER_WEBHOOK_PASSWORD_FILE: /run/secrets/alertmanager_webhook_password\n",
            "    secrets:\n    - metrics_token\n    - alertmanager_webhook_password\n",
            "    - ${BIND_ADDRESS:-127.0.0.1}:8000:8000\n",
            "    networks:\n    - monitoring\n    - published\n",
        ] {
            assert!(api.contains(part), "{part}: {api}");
        }
        assert_eq!(text.matches("profiles:").count(), 1, "nothing else waits to be asked for");
    }

    #[test]
    fn the_site_changes_nothing() {
        let mut site = Site::default();
        site.set_webhook("http://127.0.0.1:1/").unwrap();
        site.add_target("redis=127.0.0.1:2").unwrap();
        site.set_secrets_directory("/nowhere");
        assert_eq!(text_of(&site, "docker-compose.monitoring.yml"), text());
    }

    #[test]
    fn versions_and_network_of_a_site_are_in_a_file_of_its_own() {
        let mut site = Site::default();
        site.read_file("images: {grafana: 13.2.2, prometheus: v3.14.0}\nnetwork: shop\n").unwrap();
        let text = text_of(&site, "compose.site.yml");
        assert!(text.ends_with("services:\n  grafana:\n    image: grafana/grafana:13.2.2\nnetworks:\n  application:\n    name: shop\n"), "{text}");
    }

    /// The site's file with so many containers of a job's component.
    fn several(job: &str, count: u8) -> String {
        let mut site = Site::default();
        site.read_file(&format!("jobs:\n  {job}:\n    instances: {count}\n")).unwrap();
        text_of(&site, "compose.site.yml")
    }

    #[test]
    fn a_further_exporter_has_an_address_and_a_secret_of_its_own() {
        let text = several("redis", 2);
        for part in [
            "  redis-exporter-2:\n    image: selextract/redis-exporter:",
            "      REDIS_ADDR: ${REDIS_ADDR_2:?is required in .env}\n",
            "      REDIS_PASSWORD_FILE: ${REDIS_PASSWORD_2:+/run/secrets/redis_password_2}\n",
            "    secrets:\n    - redis_password_2\n",
            "secrets:\n  redis_password_2:\n    environment: REDIS_PASSWORD_2\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("\n  redis-exporter:\n"), "the first one is as it was: {text}");
        assert!(several("postgres", 2).contains("      DATA_SOURCE_NAME_FILE: /run/secrets/postgres_dsn_2\n"));
        assert!(several("celery", 3).contains("  celery-exporter-3:\n"));
    }

    #[test]
    fn targets_of_several_are_their_services() {
        for job in ["redis", "postgres", "celery", "prometheus", "alertmanager"] {
            let mut site = Site::default();
            site.read_file(&format!("jobs:\n  {job}:\n    instances: 2\n")).unwrap();
            let component = component::ALL.into_iter().find(|component| component.job == job).unwrap();
            assert!(text_of(&site, "compose.site.yml").contains(&format!("\n  {}:\n    image: ", component.name_of(2))));
            let [first, second] = [1, 2].map(|number| component.address_of(number));
            assert!(text_of(&site, "prometheus.yml").contains(&format!("    - {first}\n    - {second}\n")), "{job}");
        }
    }

    #[test]
    fn a_pair_of_alertmanagers_knows_each_other() {
        let text = several("alertmanager", 2);
        let (first, second) = text.split_once("\n  alertmanager-2:\n").unwrap();
        assert!(first.contains("- --cluster.listen-address=0.0.0.0:9094\n    - --cluster.peer=alertmanager-2:9094"), "{first}");
        assert!(second.contains("- --cluster.peer=alertmanager:9094\n") && second.contains("${BIND_ADDRESS:-127.0.0.1}:9193:9093"), "{second}");
        assert!(second.contains("volumes:\n  alertmanager-2-data:"), "{second}");
    }

    #[test]
    fn a_further_prometheus_has_a_configuration_of_its_own() {
        let text = several("prometheus", 2);
        assert!(text.contains("- --config.file=/etc/prometheus/prometheus-2.yml\n") && !text.contains("\n  prometheus:\n"), "{text}");
    }

    #[test]
    fn nothing_switches_on_web_administration() {
        let text = text();
        assert!(!text.contains("enable-lifecycle") && !text.contains("enable-admin-api"));
    }
}
