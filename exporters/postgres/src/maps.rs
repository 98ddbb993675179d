//! `--dumpmaps`: which column of which collector feeds which metric.

use std::fmt::Write;

use metric_catalogue::{Definition, postgres::PROGRAM};

/// Spellings of the flag.
const FLAGS: [&str; 3] = ["--dumpmaps", "-dumpmaps", "--dumpmaps=true"];

/// The maps, if the command line asks for them.
#[must_use]
pub fn asked(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    arguments.any(|argument| FLAGS.contains(&argument.as_str())).then(maps)
}

fn maps() -> String {
    let mut out = String::new();
    for (section, metrics) in PROGRAM.sections {
        let _ = writeln!(out, "{section}");
        for metric in *metrics {
            let _ = writeln!(out, "  {}", line(metric));
        }
    }
    out
}

fn line(metric: &Definition) -> String {
    let kind = format!("{:?}", metric.kind).to_uppercase();
    let column = metric.source.and_then(|source| source.split_once(' ')).map_or("-", |(_, column)| column);
    format!("{column} -> {}{{{}}} {kind}: {}", metric.name, metric.labels.join(","), metric.help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_hold_every_section() {
        let maps = asked(["postgres-exporter", "--dumpmaps"].map(str::to_owned).into_iter()).unwrap();
        assert!(maps.contains("\nlocks\n"), "{maps}");
        assert!(maps.contains("segments -> pg_wal_segments{} GAUGE: "), "{maps}");
        assert_eq!(asked(std::iter::once("--collector.wal".to_owned())), None);
    }
}
