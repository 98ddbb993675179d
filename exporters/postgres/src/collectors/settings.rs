//! Parameters of the server, from `pg_settings`: those that are a number or a switch.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use exporter_core::Samples;
use metric_catalogue::{Definition, Type, postgres::config::settings};

use super::{Collector, Server};
use crate::{
    names::Names,
    row::{Row, RowError},
    status::Right,
};

const SETTINGS: &str = "
    SELECT name, setting, unit, short_desc, pending_restart FROM pg_settings WHERE vartype IN ('bool', 'integer', 'real')";

/// How long an answer holds: parameters change by hand or with a restart, and there are hundreds of them.
const FRESH: Duration = Duration::from_mins(1);

/// Most parameters; extensions and configuration files may add any number.
const PARAMETERS: usize = 2_000;

/// What the last answer said, and what is known of each parameter for good.
#[derive(Debug, Default)]
pub(super) struct Settings {
    names: Arc<Names>,
    definitions: HashMap<String, &'static Definition>,
    values: Vec<(&'static Definition, f64)>,
    pending: u64,
    unknown: u64,
    read: Option<Instant>,
}

impl Settings {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self { names: Arc::clone(names), ..Self::default() }
    }

    /// The definition of a parameter.
    fn definition(&mut self, name: &str, suffix: &str, description: &str) -> Option<&'static Definition> {
        if let Some(known) = self.definitions.get(name) {
            return Some(known);
        }
        if self.definitions.len() >= PARAMETERS {
            return None;
        }
        let legal = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
        let prefix = settings::SETTING.definition();
        let family: String = prefix.name.chars().chain(name.chars().map(legal)).chain(suffix.chars()).collect();
        let help = description.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
        let definition = self.names.definition(&family, &help, Type::Gauge, &[])?;
        self.definitions.insert(name.to_owned(), definition);
        Some(definition)
    }
}

impl Collector for Settings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Settings)
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(SETTINGS.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        settings::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        self.forget();
        for row in rows {
            self.pending += u64::from(row.number("pending_restart")? == Some(1.0));
            let (name, setting, unit) = (row.text("name")?, row.text("setting")?, row.text("unit")?);
            match value(&setting, &unit) {
                Some((value, suffix)) => {
                    let definition = self.definition(&name, suffix, &row.text("short_desc")?);
                    self.values.extend(definition.map(|definition| (definition, value)));
                }
                None => self.unknown += 1,
            }
        }
        self.read = Some(Instant::now());
        self.recall(samples);
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.read.is_some_and(|read| read.elapsed() < FRESH)
    }

    fn recall(&self, samples: &mut Samples) {
        for (definition, value) in &self.values {
            samples.plain(definition, &[], *value);
        }
        samples.gauge(&settings::PENDING_RESTART, [], self.pending);
        samples.gauge(&settings::UNKNOWN_UNITS, [], self.unknown);
    }

    fn forget(&mut self) {
        self.values.clear();
        (self.pending, self.unknown, self.read) = (0, 0, None);
    }
}

/// The value in base units, and what that adds to the name. Some servers send the unit with the value: it counts then.
fn value(setting: &str, unit: &str) -> Option<(f64, &'static str)> {
    let end = setting.find(|character: char| character.is_ascii_alphabetic() && !matches!(character, 'e' | 'E')).unwrap_or(setting.len());
    let (digits, own) = setting.split_at_checked(end)?;
    let (number, unit) = match crate::row::parse(setting) {
        Some(number) => (number, unit),
        None => (crate::row::parse(digits)?, own.trim()),
    };
    let Some((factor, suffix)) = scale(unit) else { return unit.is_empty().then_some((number, "")) };
    // -1 stands for "none" or "as another parameter says", in no unit.
    Some((if number < 0.0 { number } else { number * factor }, suffix))
}

/// Units of `guc.c`, which may have a multiplier in front: `8kB`.
fn scale(unit: &str) -> Option<(f64, &'static str)> {
    let letters = unit.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = unit.strip_suffix(letters)?;
    let multiplier: f64 = if digits.is_empty() { 1.0 } else { digits.parse().ok()? };
    let (factor, suffix) = match letters {
        "us" => (1e-6, "_seconds"),
        "ms" => (1e-3, "_seconds"),
        "s" => (1.0, "_seconds"),
        "min" => (60.0, "_seconds"),
        "h" => (3_600.0, "_seconds"),
        "d" => (86_400.0, "_seconds"),
        "B" => (1.0, "_bytes"),
        "kB" => (1_024.0, "_bytes"),
        "MB" => (1_048_576.0, "_bytes"),
        "GB" => (1_073_741_824.0, "_bytes"),
        "TB" => (1_099_511_627_776.0, "_bytes"),
        _ => return None,
    };
    Some((multiplier * factor, suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_base_units() {
        for (setting, unit, expected) in [
            ("100", "ms", Some((0.1, "_seconds"))),
            ("5", "min", Some((300.0, "_seconds"))),
            ("16384", "8kB", Some((134_217_728.0, "_bytes"))),
            ("-1", "kB", Some((-1.0, "_bytes"))),
            ("on", "", Some((1.0, ""))),
            ("0.9", "", Some((0.9, ""))),
            ("1e-05", "", Some((0.00001, ""))),
            ("100ms", "ms", Some((0.1, "_seconds"))),
            ("30s", "s", Some((30.0, "_seconds"))),
            ("4MB", "8kB", Some((4_194_304.0, "_bytes"))),
            ("7", "parsec", None),
            ("many", "", None),
        ] {
            let found = value(setting, unit);
            assert_eq!(found, expected, "{setting} {unit}");
        }
    }

    #[test]
    fn unknown_units_are_counted() {
        let row = |name, setting, unit, pending| {
            Row::from([
                ("name", Some(name)),
                ("setting", Some(setting)),
                ("unit", Some(unit)),
                ("short_desc", Some("Does.")),
                ("pending_restart", Some(pending)),
            ])
        };
        let mut samples = Samples::default();

        let mut settings = Settings::default();
        settings.read(&[row("a.b", "3", "s", "t"), row("c", "1", "parsec", "f")], &mut samples).unwrap();

        assert_eq!(samples.text(), "pg_settings_a_b_seconds 3\npg_config_settings_pending_restart 1\npg_config_settings_unknown_unit 1\n");
        let mut again = Samples::default();
        settings.recall(&mut again);
        assert_eq!(again.text(), samples.text());
        settings.forget();
        assert!(!settings.is_fresh());
    }
}
