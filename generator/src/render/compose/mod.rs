//! `docker-compose.monitoring.yml`: the stack as containers. The same for every site: what differs is in `.env`.

mod document;
mod services;

use std::collections::BTreeSet;

use serde::Serialize;

use document::{Document, Empty, Network, Secret};

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
        secrets: secrets.map(|variable| (variable.secret_file(), Secret { environment: variable.name })).collect(),
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
}

#[derive(Serialize)]
struct SiteService {
    image: String,
}

#[derive(Serialize)]
struct SiteNetwork {
    name: String,
}

/// `compose.site.yml`, if the site has versions of images or a network of its own.
pub(super) fn site_file(spec: &Spec) -> Result<Option<File>, RenderError> {
    let image = |component: &Component| match (&component.image, spec.site.versions.get(component.name)) {
        (Image::Upstream { name, version }, Some(own)) if own != version => Some(SiteService { image: format!("{name}:{own}") }),
        _ => None,
    };
    let services: Entries<SiteService> = component::ALL.into_iter().filter_map(|component| Some((component.name, image(component)?))).collect();
    let networks: Entries<SiteNetwork> = spec.site.network.iter().map(|name| (APPLICATION, SiteNetwork { name: name.clone() })).collect();
    if services.is_empty() && networks.is_empty() {
        return Ok(None);
    }
    yaml::file(Place::Set, SITE, &SiteDocument { services, networks }).map(Some)
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
    fn every_component_has_a_service() {
        let text = text();
        for component in component::ALL.into_iter().filter(|component| component.image != Image::Watched) {
            assert!(text.contains(&format!("\n  {}:\n    image: {}\n", component.name, component.reference())), "{}", component.name);
        }
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

    #[test]
    fn nothing_switches_on_web_administration() {
        let text = text();
        assert!(!text.contains("enable-lifecycle") && !text.contains("enable-admin-api"));
    }
}
