//! A Grafana dashboard, as far as it can be proven: its variables, its panels and what they ask for.

#![cfg_attr(not(test), expect(dead_code, reason = "dashboards come with their own issue; what they must be is proven from the first one on"))]

use std::panic::Location;

use super::alert::Allowance;

/// How panels and variables name the data source that the reader has chosen.
pub(crate) const DATA_SOURCE: &str = "${datasource}";

/// One page.
#[derive(Clone, Debug)]
pub(crate) struct Dashboard {
    /// The stable part of its address.
    pub(crate) uid: &'static str,
    pub(crate) title: &'static str,
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
    /// Whether people may change it in Grafana.
    pub(crate) editable: bool,
    pub(crate) variables: Vec<Variable>,
    pub(crate) panels: Vec<Panel>,
    /// Checks that it need not pass.
    pub(crate) allowed: Vec<Allowance>,
}

/// What a reader chooses at the top of the page.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// What the reader sees.
    pub(crate) label: &'static str,
    pub(crate) choices: Choices,
    /// Whether several can be chosen at once.
    pub(crate) multiple: bool,
    /// What `All` stands for.
    pub(crate) all: Option<&'static str>,
    pub(crate) refresh: Refresh,
}

/// Where the choices of a variable come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choices {
    /// The data sources of one kind.
    DataSources(&'static str),
    /// The values of a label on the series of a selector.
    LabelValues { datasource: &'static str, selector: &'static str, label: &'static str },
}

/// When choices are looked up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    OnLoad,
    OnTimeChange,
}

/// One picture.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// What it means, and what no data means.
    pub(crate) description: &'static str,
    pub(crate) kind: Kind,
    /// Grafana's name of the unit.
    pub(crate) unit: Option<&'static str>,
    pub(crate) datasource: &'static str,
    /// `PromQL` each, in which `$job` and `$__rate_interval` may stand.
    pub(crate) targets: Vec<&'static str>,
    /// Checks that it need not pass.
    pub(crate) allowed: Vec<Allowance>,
}

/// How a panel shows its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Heatmap,
    Stat,
    Table,
    /// Words, without values.
    Text,
    TimeSeries,
}

impl Dashboard {
    #[track_caller]
    pub(crate) fn new(uid: &'static str, title: &'static str) -> Self {
        let (variables, panels, allowed) = (Vec::new(), Vec::new(), Vec::new());
        Self { uid, title, location: Location::caller(), editable: false, variables, panels, allowed }
    }

    /// Excuses it from a check.
    pub(crate) fn allow(mut self, rule: &'static str, reason: &'static str) -> Self {
        self.allowed.push(Allowance { rule, reason });
        self
    }

    /// What findings call it.
    pub(crate) fn subject(&self) -> String {
        format!("dashboard {}", self.uid)
    }

    /// What findings call one of its panels.
    pub(crate) fn panel_subject(&self, panel: &Panel) -> String {
        format!("{}, panel \"{}\"", self.subject(), panel.title)
    }
}

impl Variable {
    /// The data source that everything on the page reads.
    pub(crate) const fn datasource() -> Self {
        let choices = Choices::DataSources("prometheus");
        Self { name: "datasource", label: "Data Source", choices, multiple: false, all: None, refresh: Refresh::OnLoad }
    }

    /// The values of a label, of which several can be chosen.
    pub(crate) const fn label_values(name: &'static str, label: &'static str, selector: &'static str) -> Self {
        let choices = Choices::LabelValues { datasource: DATA_SOURCE, selector, label: name };
        Self { name, label, choices, multiple: true, all: Some(".+"), refresh: Refresh::OnTimeChange }
    }
}

impl Panel {
    pub(crate) const fn new(kind: Kind, title: &'static str, description: &'static str) -> Self {
        Self { title, description, kind, unit: None, datasource: DATA_SOURCE, targets: Vec::new(), allowed: Vec::new() }
    }

    /// Shows values in a unit of Grafana's.
    pub(crate) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Asks for an expression.
    pub(crate) fn target(mut self, expression: &'static str) -> Self {
        self.targets.push(expression);
        self
    }

    /// Excuses it from a check.
    pub(crate) fn allow(mut self, rule: &'static str, reason: &'static str) -> Self {
        self.allowed.push(Allowance { rule, reason });
        self
    }
}
