//! What dashboards must be: the rules of Grafana's dashboard-linter, by its names.
//!
//! Its rules for `LogQL` are missing, since a target here is `PromQL` by its type.

mod panel_datasource;
mod panel_no_targets;
mod panel_title_description;
mod panel_units;
mod target_counter_agg;
mod target_instance;
mod target_job;
mod target_promql;
mod target_rate_interval;
mod template_datasource;
mod template_instance;
mod template_job;
mod template_label_promql;
mod template_on_time_change_reload;
mod uneditable_dashboard;
mod variable;

use promql_parser::parser::{self, Expr};

use super::Finding;
use super::promql::{self, Context, Known};
use crate::spec::Spec;
use crate::spec::dashboard::{Dashboard, Panel};

/// A rule for one dashboard.
type Rule = fn(&View<'_>) -> Vec<Finding>;

/// Every rule.
const RULES: [Rule; 15] = [
    uneditable_dashboard::check,
    template_datasource::check,
    template_job::check,
    template_instance::check,
    template_label_promql::check,
    template_on_time_change_reload::check,
    panel_datasource::check,
    panel_title_description::check,
    panel_units::check,
    panel_no_targets::check,
    target_promql::check,
    target_counter_agg::check,
    target_rate_interval::check,
    target_job::check,
    target_instance::check,
];

/// One dashboard, and what is known of the metrics that it reads.
struct View<'a> {
    dashboard: &'a Dashboard,
    context: &'a Context<'a>,
}

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    let context = Context { spec, known: &known };
    spec.dashboards.iter().map(|dashboard| View { dashboard, context: &context }).flat_map(|view| RULES.map(|rule| rule(&view))).flatten().collect()
}

impl View<'_> {
    /// A finding about the whole page.
    fn finding(&self, rule: &'static str, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding::new(rule, self.dashboard.subject(), problem, remedy).at(self.dashboard.location)
    }

    /// A finding about one panel.
    fn of_panel(&self, panel: &Panel, rule: &'static str, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding::new(rule, self.dashboard.panel_subject(panel), problem, remedy).at(self.dashboard.location)
    }

    /// Every panel with each of its expressions.
    fn targets(&self) -> impl Iterator<Item = (&Panel, &'static str)> {
        self.dashboard.panels.iter().flat_map(|panel| panel.targets.iter().map(move |target| (panel, *target)))
    }

    /// What the checks of expressions say of a panel's.
    fn said_of(&self, panel: &Panel, target: &str) -> Vec<Finding> {
        promql::expression(&self.dashboard.panel_subject(panel), self.dashboard.location, &self.filled(target), self.context)
    }

    /// An expression with values in the place of variables.
    fn filled(&self, target: &str) -> String {
        let mut filled = self.with_intervals(target);
        for variable in &self.dashboard.variables {
            filled = filled.replace(&format!("${{{}}}", variable.name), ".+").replace(&format!("${}", variable.name), ".+");
        }
        filled
    }

    /// An expression with lengths of time in the place of Grafana's.
    fn with_intervals(&self, target: &str) -> String {
        // What Grafana takes for it where a pixel is shorter than that.
        let rate_interval = self.context.spec.scrape_interval.times(4).to_string();
        target.replace("$__rate_interval", &rate_interval).replace("$__interval", &rate_interval).replace("$__range", "1h")
    }

    /// The selectors of a panel's expression that lack `label=~"$label"`.
    fn without_matcher(&self, target: &str, label: &str) -> Vec<String> {
        let Ok(expression) = parser::parse(&self.with_intervals(target)) else { return Vec::new() };
        let forms = [format!("${label}"), format!("${{{label}}}")];
        let mut lacking = Vec::new();
        promql::walk(&expression, &mut Vec::new(), &mut |part, _| {
            let selector = match part {
                Expr::VectorSelector(selector) => selector,
                Expr::MatrixSelector(matrix) => &matrix.vs,
                _ => return,
            };
            let chosen = selector.matchers.matchers.iter().any(|matcher| matcher.name == label && forms.contains(&matcher.value));
            if !chosen {
                lacking.extend(selector.name.clone());
            }
        });
        lacking
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::dashboard::{Kind, Variable};

    /// A dashboard that every rule accepts.
    pub(super) fn good() -> Dashboard {
        let mut dashboard = Dashboard::new("selextract-redis", "Redis");
        dashboard.variables = vec![
            Variable::datasource(),
            Variable::label_values("job", "Job", "redis_up"),
            Variable::label_values("instance", "Instance", r#"redis_up{job=~"$job"}"#),
        ];
        let commands = Panel::new(Kind::TimeSeries, "Commands", "Commands per second; no data: no Redis was scraped");
        let commands =
            commands.unit("cps").target(r#"sum by (cmd) (rate(redis_commands_total{job=~"$job",instance=~"$instance"}[$__rate_interval]))"#);
        dashboard.panels = vec![commands];
        dashboard
    }

    /// What all rules together say of a dashboard, without what to do.
    pub(super) fn problems_of(change: impl FnOnce(&mut Dashboard)) -> Vec<String> {
        let mut dashboard = good();
        change(&mut dashboard);
        let spec = changed(|spec| spec.dashboards = vec![dashboard]);
        messages(&check(&spec)).iter().map(|said| said.lines().next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_good_dashboard_passes() {
        assert_eq!(problems_of(|_| {}), [""; 0]);
    }

    #[test]
    fn exceptions_of_panels_and_dashboards_count() {
        let said = |change: fn(&mut Dashboard)| {
            let mut dashboard = good();
            change(&mut dashboard);
            let spec = changed(|spec| {
                spec.alerts.clear();
                spec.dashboards = vec![dashboard];
            });
            messages(&super::super::allowances::apply(&spec, check(&spec)))
        };
        let excused = |dashboard: &mut Dashboard| {
            dashboard.editable = true;
            *dashboard = dashboard.clone().allow("uneditable-dashboard", "a draft");
            dashboard.panels[0].unit = None;
            dashboard.panels[0] = dashboard.panels[0].clone().allow("panel-units-rule", "a number of nothing");
        };
        assert_eq!(said(excused), [""; 0]);
        let unused = "dashboard selextract-redis, panel \"Commands\": is excused from panel-units-rule (\"out of habit\") and breaks no such rule [allow/unused]\n  = take the exception out";
        assert_eq!(said(|dashboard| dashboard.panels[0] = dashboard.panels[0].clone().allow("panel-units-rule", "out of habit")), [unused]);
    }
}
