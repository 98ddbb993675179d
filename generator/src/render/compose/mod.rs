//! `docker-compose.monitoring.yml`: the stack as containers. The same for every site: what differs is in `.env`.

mod document;
mod services;

use std::collections::BTreeSet;

use document::{Document, Empty, Network, Secret};

use super::yaml::because;
use super::{File, Place, RenderError, yaml};
use crate::spec::Spec;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::text_of;
    use crate::spec::component;
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
        for component in component::ALL {
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
    fn nothing_switches_on_web_administration() {
        let text = text();
        assert!(!text.contains("enable-lifecycle") && !text.contains("enable-admin-api"));
    }
}
