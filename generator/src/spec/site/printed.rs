//! `--print-site`: the site file that changes nothing, with a comment on every key.

use std::fmt::Write as _;

use super::{Site, file};
use crate::spec::component::{self, Image};
use crate::spec::route;
use crate::spec::severity::Severity;

impl Site {
    /// The whole site file with this site's values.
    #[must_use]
    pub fn printed(&self) -> String {
        let mut text = String::new();
        self.print_addresses(&mut text);
        self.print_intervals(&mut text);
        self.print_parts(&mut text);
        self.print_thresholds(&mut text);
        text
    }

    fn print_addresses(&self, text: &mut String) {
        line(text, "# What a site may change without touching the spec. Keys that are left out keep the value shown here.");
        line(text, "# Values of .env stand below those of this file, and options above both.");
        line(text, "\n# domain: example.com makes admin@example.com, alerts@example.com and smtp.example.com:587 of the addresses below.");
        line(text, "email:");
        line(text, "  # Who gets critical alerts and warnings: name@host, several with commas between them.");
        line(text, &format!("  to: {}\n  from: {}", quoted(&self.email_to), quoted(&self.email_from)));
        line(text, "  # host:port of the mail server.");
        line(text, &format!("  smarthost: {}", quoted(&self.smtp_host)));
        line(text, "  # Empty: no password is sent.");
        line(text, &format!("  user: {}", quoted(&self.smtp_user)));
        line(text, &format!("  # false only for a mail server on this machine.\n  require_tls: {}", self.smtp_require_tls));
        line(text, &format!("slack:\n  channel: {}", quoted(&self.slack_channel)));
        line(text, "# Where Alertmanager posts every alert; the password is a secret of .env.");
        line(text, &format!("webhook:\n  url: {}\n  user: {}", quoted(&self.webhook_url), quoted(&self.webhook_user)));
        line(text, "# Where people reach the parts: links in alerts and runbooks begin with it.");
        line(text, &format!("urls:\n  prometheus: {}", quoted(&self.prometheus_url)));
        line(text, &format!("  alertmanager: {}\n  grafana: {}", quoted(&self.alertmanager_url), quoted(&self.grafana_url)));
        line(text, "# Labels of everything that leaves this Prometheus.");
        line(text, "external_labels:");
        for (name, value) in &self.external_labels {
            line(text, &format!("  {name}: {}", quoted(value)));
        }
    }

    fn print_intervals(&self, text: &mut String) {
        line(text, "intervals:");
        line(text, "  # 5s to 30s: rules look at windows of two minutes, which must hold four scrapes.");
        line(text, "  # evaluation 5s to 15s: the shortest alert must hold for half a minute, which must see two evaluations.");
        line(
            text,
            &format!("  scrape: {}\n  scrape_timeout: {}\n  evaluation: {}", self.scrape_interval, self.scrape_timeout, self.evaluation_interval),
        );
        line(text, "  # How often an alert that goes on is sent again: 1m to 7d.\n  repeat:");
        for route in route::all().into_iter().filter(|route| route.severity != Severity::None) {
            let interval = self.repeat_intervals.get(route.severity.name()).copied().unwrap_or(route.repeat_interval);
            line(text, &format!("    {}: {interval}", route.severity.name()));
        }
    }

    fn print_parts(&self, text: &mut String) {
        line(text, "# Versions of the images. They go to compose.site.yml, which is given to compose after docker-compose.monitoring.yml.");
        line(text, "images:");
        for component in component::ALL {
            if let Image::Upstream { version, .. } = component.image {
                let version = self.versions.get(component.name).map_or(version, String::as_str);
                line(text, &format!("  {}: {}", component.name, quoted(version)));
            }
        }
        line(text, "# network: selextract is the Docker network of the watched services, otherwise APP_NETWORK of .env.");
        line(text, "# Value of the label job, and where each job finds its targets: several for several instances.");
        line(text, "# Instead of targets, `instances: 2` (of prometheus, alertmanager, postgres, redis and celery) makes a second container in");
        line(text, "# compose.site.yml, whose variables in .env end in _2: REDIS_ADDR_2, REDIS_PASSWORD_2. Two of prometheus or alertmanager watch");
        line(text, "# each other.");
        line(text, "jobs:");
        for component in component::ALL {
            line(text, &format!("  {}:\n    name: {}", component.job, quoted(self.job_name(component))));
            if self.targets.contains_key(component.job) || self.instances(component) == 1 {
                let targets = self.targets_of(component).iter().map(|target| quoted(target)).collect::<Vec<_>>().join(", ");
                line(text, &format!("    targets: [{targets}]"));
            } else {
                line(text, &format!("    instances: {}", self.instances(component)));
            }
        }
    }

    fn print_thresholds(&self, text: &mut String) {
        line(text, "# Numbers at which alerts fire. Unit tests of an alert whose number differs are left out of the rendered set.");
        line(text, "thresholds:");
        for threshold in file::all_thresholds() {
            line(text, &format!("  # {}: {} to {}.", threshold.reason, threshold.least, threshold.most));
            line(text, &format!("  {}: {}", threshold.key(), self.threshold(threshold)));
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writing to a string cannot fail.
fn line(text: &mut String, line: &str) {
    let written = writeln!(text, "{line}");
    debug_assert!(written.is_ok(), "a String takes everything");
}
