//! Our `PostgreSQL` exporter beside Debian's and beside `pg_exporter` on one server: what a scrape costs, and what comes of it when the
//! server does not do as it should.
//!
//! All are scraped in turn, as Prometheus 2.42 asks. The machine's speed cancels out in the columns of ratios only. `LONG=1` adds the
//! cases that take minutes to set up: 501 databases and 10,000 tables.

mod cases;
mod limits;
mod subject;

use subject::{Figures, Kind, mebibytes};

/// One line of a table: a figure of each exporter, if there is one.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) values: Vec<(Kind, Option<f64>)>,
}

/// Lines of what measured scrapes cost.
pub(crate) fn lines(kinds: &[Kind], figures: &[Figures]) -> Vec<Line> {
    let line = |name: &str, value: &dyn Fn(&Figures) -> Option<f64>| Line {
        name: name.to_owned(),
        values: kinds.iter().zip(figures).map(|(kind, figures)| (*kind, value(figures))).collect(),
    };
    let kibibytes = |bytes: usize| f64::from(u32::try_from(bytes).expect("less than 4 GiB")) / 1024.0;
    vec![
        line("median (ms)", &|figures| figures.quantile(50)),
        line("p95 (ms)", &|figures| figures.quantile(95)),
        line("CPU per scrape (ms)", &|figures| Some(figures.cpu_per_scrape())),
        line("resident (MiB)", &|figures| Some(mebibytes(figures.resident))),
        line("compressed page (KiB)", &|figures| Some(kibibytes(figures.body))),
        line("scrapes without a page", &|figures| Some(f64::from(u32::try_from(figures.failures).expect("a small number")))),
    ]
}

#[expect(clippy::print_stdout, reason = "the tables are what the bench is run for")]
fn print(title: &str, lines: &[Line]) {
    println!("\n| {title} | ours | Debian's | pg_exporter | ours / Debian's | ours / pg_exporter |\n|---|---|---|---|---|---|");
    for line in lines {
        let of = |kind| line.values.iter().find(|(known, _)| *known == kind).and_then(|(_, value)| *value);
        let (ours, debian, nbari) = (of(Kind::Ours), of(Kind::Debian), of(Kind::Nbari));
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        let ratio = |other: Option<f64>| match (ours, other) {
            (Some(ours), Some(other)) if other > 0.0 => format!("{:.3}", ours / other),
            _ => "-".to_owned(),
        };
        println!("| {} | {} | {} | {} | {} | {} |", line.name, number(ours), number(debian), number(nbari), ratio(debian), ratio(nbari));
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, case) in cases::ALL {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            let lines = case();
            if !lines.is_empty() {
                print(name, &lines);
            }
        }
    }
}
