//! `grafana/provisioning`: data sources, and where dashboards are.

use serde::Serialize;

use super::{File, Place, RenderError, yaml};
use crate::spec::Spec;
use crate::spec::component::{ALERTMANAGER, Component, PROMETHEUS};
use crate::spec::duration::Duration;

/// Where the set's `grafana` directory is mounted.
pub(super) const MOUNT: &str = "/etc/selextract/grafana";

/// Version of the provisioning format.
const API_VERSION: u8 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DataSources {
    api_version: u8,
    datasources: [DataSource; 2],
}

/// Dashboards name a data source by its `uid`, so that is fixed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DataSource {
    name: &'static str,
    uid: &'static str,
    r#type: &'static str,
    access: &'static str,
    url: String,
    is_default: bool,
    editable: bool,
    json_data: Settings,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Settings {
    #[serde(rename_all = "camelCase")]
    Prometheus { http_method: &'static str, prometheus_type: &'static str, time_interval: Duration },
    #[serde(rename_all = "camelCase")]
    Alertmanager { implementation: &'static str, handle_grafana_managed_alerts: bool },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dashboards {
    api_version: u8,
    providers: [Provider; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    name: &'static str,
    r#type: &'static str,
    disable_deletion: bool,
    allow_ui_updates: bool,
    options: ProviderOptions,
}

#[derive(Serialize)]
struct ProviderOptions {
    path: &'static str,
}

pub(super) fn files(spec: &Spec) -> Result<[File; 2], RenderError> {
    let datasources = [
        // `timeInterval` is what `$__rate_interval` is computed from.
        data_source(
            "Prometheus",
            &PROMETHEUS,
            Settings::Prometheus { http_method: "POST", prometheus_type: "Prometheus", time_interval: spec.scrape_interval },
        ),
        data_source("Alertmanager", &ALERTMANAGER, Settings::Alertmanager { implementation: "prometheus", handle_grafana_managed_alerts: false }),
    ];
    let provider =
        Provider { name: "generated", r#type: "file", disable_deletion: true, allow_ui_updates: false, options: ProviderOptions { path: MOUNT } };
    Ok([
        yaml::file(Place::Set, "grafana/provisioning/datasources/datasources.yml", &DataSources { api_version: API_VERSION, datasources })?,
        yaml::file(Place::Set, "grafana/provisioning/dashboards/dashboards.yml", &Dashboards { api_version: API_VERSION, providers: [provider] })?,
    ])
}

fn data_source(name: &'static str, component: &'static Component, json_data: Settings) -> DataSource {
    DataSource {
        name,
        uid: component.name,
        r#type: component.name,
        access: "proxy",
        url: format!("http://{}", component.address()),
        is_default: component.name == PROMETHEUS.name,
        editable: false,
        json_data,
    }
}
