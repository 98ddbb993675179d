//! Kinds of tasks, plans and proxy providers of the product.

use api_metrics::{Plan, ProxyProvider, TaskType};
use serde::{Deserialize, Serialize};

/// What a task does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskKind {
    WebScrape,
    DataExtraction,
    ChangeMonitoring,
    Export,
}

impl TaskKind {
    pub(crate) const ALL: [Self; 4] = [Self::WebScrape, Self::DataExtraction, Self::ChangeMonitoring, Self::Export];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::WebScrape => "web_scrape",
            Self::DataExtraction => "data_extraction",
            Self::ChangeMonitoring => "change_monitoring",
            Self::Export => "export",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub(crate) const fn label(self) -> TaskType {
        TaskType::new(self.as_str())
    }

    /// Every label value.
    pub(crate) fn labels() -> [TaskType; 4] {
        Self::ALL.map(Self::label)
    }
}

/// What a user pays for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlanKind {
    Free,
    Team,
    Business,
}

impl PlanKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Team => "team",
            Self::Business => "business",
        }
    }

    pub(crate) const fn label(self) -> Plan {
        Plan::new(self.as_str())
    }

    /// Compute units that a new user starts with.
    pub(crate) const fn units(self) -> f64 {
        match self {
            Self::Free => 50.0,
            Self::Team => 1_000.0,
            Self::Business => 10_000.0,
        }
    }

    /// Price of a compute unit.
    pub(crate) const fn price(self) -> f64 {
        match self {
            Self::Free => 0.10,
            Self::Team => 0.05,
            Self::Business => 0.03,
        }
    }
}

/// Whose proxies are used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Provider {
    Datacenter,
    Residential,
    Mobile,
}

impl Provider {
    pub(crate) const ALL: [Self; 3] = [Self::Datacenter, Self::Residential, Self::Mobile];

    pub(crate) const fn label(self) -> ProxyProvider {
        ProxyProvider::new(match self {
            Self::Datacenter => "datacenter",
            Self::Residential => "residential",
            Self::Mobile => "mobile",
        })
    }
}
