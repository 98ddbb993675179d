//! `METRICS.md`: what our own exporters expose, from the catalogue.

use std::fmt::Write as _;

use metric_catalogue::{Definition, Program, Type};

use super::{File, NOTICE, Place};
use crate::spec::Spec;
use crate::spec::component::Image;

pub(super) fn file(spec: &Spec) -> File {
    let mut text = format!(
        "<!-- {NOTICE} -->\n\n# Metrics\n\nWhat the exporters of this repository expose. `upstream` marks names, types and labels that are those of the exporter\nthat ours replaces.\n"
    );
    for job in spec.jobs.iter().filter(|job| matches!(job.component.image, Image::Ours | Image::Watched)) {
        program(&mut text, job.component.program);
    }
    File::new(Place::Set, "METRICS.md", text)
}

fn program(text: &mut String, program: &Program) {
    put(text, format_args!("\n## {}\n", program.name));
    for (section, metrics) in program.sections {
        put(text, format_args!("\n### {section}\n\n| metric | kind | unit | labels | what it is | source | |\n|---|---|---|---|---|---|---|\n"));
        for definition in *metrics {
            row(text, definition);
        }
    }
}

fn row(text: &mut String, definition: &Definition) {
    let Definition { name, help, source, upstream, .. } = definition;
    let name = if definition.kind == Type::Dynamic { format!("{name}…") } else { (*name).to_owned() };
    let unit = definition.unit().map_or("", |unit| unit.suffix());
    let labels = definition.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
    let source = source.map(|source| format!("`{source}`")).unwrap_or_default();
    let upstream = if *upstream { "upstream" } else { "" };
    let cells =
        [format!("`{name}`"), kind(definition.kind).to_owned(), unit.to_owned(), labels, help.replace('|', "\\|"), source, upstream.to_owned()];
    put(text, format_args!("| {} |\n", cells.join(" | ")));
}

const fn kind(kind: Type) -> &'static str {
    match kind {
        Type::Counter => "counter",
        Type::Gauge => "gauge",
        Type::Histogram => "histogram",
        Type::Summary => "summary",
        Type::Info => "info",
        Type::Dynamic => "any",
        Type::Untyped => "untyped",
    }
}

/// Writing to a string cannot fail.
fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(arguments);
    debug_assert!(written.is_ok(), "a String takes everything");
}

#[cfg(test)]
mod tests {
    use metric_catalogue::redis;

    use super::super::tests::text_of;
    use crate::spec::site::Site;

    #[test]
    fn every_metric_of_ours_is_listed() {
        let text = text_of(&Site::default(), "METRICS.md");
        for definition in redis::PROGRAM.metrics() {
            assert!(text.contains(&format!("| `{}", definition.name)), "{}", definition.name);
        }
    }

    #[test]
    fn other_programs_metrics_are_not() {
        assert!(!text_of(&Site::default(), "METRICS.md").contains("node_uname_info"));
    }
}
