//! Our `PostgreSQL` exporter beside Debian's and beside `pg_exporter` on one server: what a scrape costs, and what comes of it when the
//! server does not do as it should.
//!
//! All are scraped in turn, as Prometheus 2.42 asks. The machine's speed cancels out in the columns of ratios only. `LONG=1` adds the
//! cases that take minutes: 501 databases, 10,000 tables, and 10,000 scrapes. A case that is named as an argument runs in any event.

mod cases;
mod limits;
mod subject;

use subject::{Figures, Kind, kibibytes, mebibytes};

/// A figure of one exporter.
pub(crate) struct Value {
    kind: Kind,
    number: Option<f64>,
    /// Of how many, where it is a count.
    of: Option<usize>,
}

impl Value {
    pub(crate) const fn new(kind: Kind, number: Option<f64>) -> Self {
        Self { kind, number, of: None }
    }

    /// So many of so many.
    pub(crate) const fn share(kind: Kind, number: f64, of: usize) -> Self {
        Self { kind, number: Some(number), of: Some(of) }
    }
}

/// One line of the table: a figure of each exporter, if there is one.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) values: Vec<Value>,
}

impl Line {
    pub(crate) fn new(name: &str, values: Vec<Value>) -> Self {
        Self { name: name.to_owned(), values }
    }

    /// From a figure of each.
    pub(crate) fn of(name: &str, values: impl IntoIterator<Item = (Kind, Option<f64>)>) -> Self {
        Self::new(name, values.into_iter().map(|(kind, number)| Value::new(kind, number)).collect())
    }

    pub(crate) fn number(&self, kind: Kind) -> Option<f64> {
        self.value(kind).and_then(|value| value.number)
    }

    fn value(&self, kind: Kind) -> Option<&Value> {
        self.values.iter().find(|value| value.kind == kind)
    }

    fn cell(&self, kind: Kind) -> String {
        match self.value(kind) {
            Some(Value { number: Some(number), of: Some(of), .. }) => format!("{number:.0} of {of}"),
            Some(Value { number: Some(number), .. }) => format!("{number:.2}"),
            _ => "-".to_owned(),
        }
    }

    /// What another exporter has, and ours divided by it.
    fn beside(&self, other: Kind) -> String {
        let ratio = match (self.number(Kind::Ours), self.number(other)) {
            (Some(ours), Some(other)) if other > 0.0 => format!("{:.3}", ours / other),
            _ => "-".to_owned(),
        };
        format!("{} | {ratio}", self.cell(other))
    }
}

/// Lines of what measured scrapes cost.
pub(crate) fn lines(kinds: &[Kind], figures: &[Figures]) -> Vec<Line> {
    let line = |name: &str, value: &dyn Fn(&Figures) -> Option<f64>| {
        Line::of(name, kinds.iter().zip(figures).map(|(kind, figures)| (*kind, value(figures))))
    };
    vec![
        answered(kinds, figures),
        line("median (ms)", &|figures| figures.quantile(50)),
        line(&tail(95, figures), &|figures| figures.quantile(95)),
        line("CPU per scrape (ms)", &|figures| Some(figures.cpu_per_scrape())),
        line("resident (MiB)", &|figures| Some(mebibytes(figures.resident))),
        line("compressed page (KiB)", &|figures| Some(kibibytes(figures.body))),
    ]
}

/// How many scrapes gave a page.
pub(crate) fn answered(kinds: &[Kind], figures: &[Figures]) -> Line {
    let share = |(kind, figures): (&Kind, &Figures)| Value::share(*kind, count(figures.answered()), figures.asked());
    Line::new("answered", kinds.iter().zip(figures).map(share).collect())
}

/// How a high quantile is called: of few scrapes it is the slowest of them.
pub(crate) fn tail(percent: usize, figures: &[Figures]) -> String {
    let few = |figures: &Figures| figures.answered() * (100 - percent) < 100;
    if figures.iter().any(few) { "max (ms)".to_owned() } else { format!("p{percent} (ms)") }
}

pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("a small number"))
}

#[expect(clippy::print_stdout, reason = "the table is what the bench is run for")]
fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let long = std::env::var_os("LONG").is_some();
    println!("| case | figure | ours | Debian's | ours / Debian's | pg_exporter | ours / pg_exporter |\n|---|---|---|---|---|---|---|");
    for case in cases::ALL {
        let is_wanted = if wanted.is_empty() { long || !case.long } else { wanted.iter().any(|wanted| case.title.contains(wanted.as_str())) };
        for line in is_wanted.then(case.run).into_iter().flatten() {
            println!("| {} | {} | {} | {} | {} |", case.title, line.name, line.cell(Kind::Ours), line.beside(Kind::Debian), line.beside(Kind::Nbari));
        }
    }
}
