//! A strict reader of metric pages: the oracle of every test that looks at one.
//!
//! `promtool check metrics` accepts the same series twice and a family in two places; this reader refuses whatever the
//! format's text forbids, and a sample without TYPE besides. Text 0.0.4 and `OpenMetrics` 1.0 give the same [`Page`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

mod family;
mod line;
mod protobuf;

pub use protobuf::protobuf;

use family::Rules;
use line::{Line, Reader};

/// Label names and values.
pub type Labels = BTreeMap<String, String>;

/// One value of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name as on the page: with `_bucket`, `_sum`, `_count` or `_total`.
    pub name: String,
    /// Labels.
    pub labels: Labels,
    /// Value.
    pub value: f64,
}

/// A family and its samples, in page order.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Name as in its TYPE line.
    pub name: String,
    /// Type as written: `counter`, `untyped`, `unknown`, …
    pub kind: String,
    /// HELP text, unescaped; empty if there is none.
    pub help: String,
    /// Samples.
    pub samples: Vec<Sample>,
}

/// A correct page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Families in page order.
    pub families: Vec<Family>,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for PageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.problem)
    }
}

impl Page {
    /// Every sample of every family.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }

    /// The family of that name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }

    /// The value of the series with exactly those labels, in any order.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let same = |sample: &&Sample| {
            sample.name == name
                && sample.labels.len() == labels.len()
                && labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|found| found == value))
        };
        self.samples().find(same).map(|sample| sample.value)
    }

    /// Values of `label` over all samples of that name.
    #[must_use]
    pub fn values_of(&self, name: &str, label: &str) -> BTreeSet<&str> {
        self.samples().filter(|sample| sample.name == name).filter_map(|sample| sample.labels.get(label)).map(String::as_str).collect()
    }
}

/// Reads text format 0.0.4.
///
/// # Errors
/// The first line that the format does not allow.
pub fn text(page: &str) -> Result<Page, PageError> {
    parse(page, Format::Text)
}

/// Reads `OpenMetrics` 1.0.
///
/// # Errors
/// The first line that the format does not allow.
pub fn openmetrics(page: &str) -> Result<Page, PageError> {
    parse(page, Format::OpenMetrics)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    OpenMetrics,
}

fn parse(page: &str, format: Format) -> Result<Page, PageError> {
    let mut builder = Builder { format, families: Vec::new(), names: BTreeSet::new(), series: BTreeSet::new(), ended: false };
    let lines = page.lines().count();
    if !page.is_empty() && !page.ends_with('\n') {
        return Err(PageError { line: lines, problem: "the last line has no end".to_owned() });
    }
    for (index, text) in page.split_terminator('\n').enumerate() {
        builder.add(text).map_err(|problem| PageError { line: index + 1, problem })?;
    }
    builder.finish().map_err(|problem| PageError { line: lines, problem })
}

/// A page up to the current line; the last family is the open one.
struct Builder {
    format: Format,
    families: Vec<(Family, Open)>,
    names: BTreeSet<String>,
    series: BTreeSet<String>,
    ended: bool,
}

/// Which of a family's lines have been read.
#[derive(Clone, Copy, Default)]
struct Open {
    kind: bool,
    help: bool,
    unit: bool,
}

impl Builder {
    fn add(&mut self, text: &str) -> Result<(), String> {
        if self.ended {
            return Err("something follows # EOF".to_owned());
        }
        match Reader::new(text, self.format).line()? {
            Line::Blank => Ok(()),
            Line::End => {
                self.ended = true;
                Ok(())
            }
            Line::Help(name, help) => {
                let (family, open) = self.open(&name)?;
                if std::mem::replace(&mut open.help, true) {
                    return Err(format!("second HELP of {name}"));
                }
                family.help = help;
                Ok(())
            }
            Line::Type(name, kind) => {
                let (family, open) = self.open(&name)?;
                if std::mem::replace(&mut open.kind, true) {
                    return Err(format!("second TYPE of {name}"));
                }
                family.kind = kind;
                Ok(())
            }
            Line::Unit(name, unit) => {
                let (_, open) = self.open(&name)?;
                if std::mem::replace(&mut open.unit, true) {
                    return Err(format!("second UNIT of {name}"));
                }
                if name.ends_with(&format!("_{unit}")) { Ok(()) } else { Err(format!("{name} does not end in its unit {unit}")) }
            }
            Line::Sample(sample, exemplar) => self.sample(sample, exemplar),
        }
    }

    /// The open family if it has that name, else a new one.
    fn open(&mut self, name: &str) -> Result<(&mut Family, &mut Open), String> {
        let current = self.families.last().is_some_and(|(family, _)| family.name == name);
        if !current {
            if !self.names.insert(name.to_owned()) {
                return Err(format!("family {name} is in two places"));
            }
            let family = Family { name: name.to_owned(), kind: String::new(), help: String::new(), samples: Vec::new() };
            self.families.push((family, Open::default()));
        }
        let (family, open) = self.families.last_mut().ok_or("no family")?;
        if family.samples.is_empty() { Ok((family, open)) } else { Err(format!("metadata of {name} follows its samples")) }
    }

    fn sample(&mut self, sample: Sample, exemplar: bool) -> Result<(), String> {
        let Some((family, Open { kind: true, .. })) = self.families.last_mut() else {
            return Err(format!("sample {} comes before its TYPE", sample.name));
        };
        Rules { format: self.format, family }.check(&sample, exemplar)?;
        if !self.series.insert(format!("{}{:?}", sample.name, sample.labels)) {
            return Err(format!("series {}{:?} is on the page twice", sample.name, sample.labels));
        }
        family.samples.push(sample);
        Ok(())
    }

    fn finish(self) -> Result<Page, String> {
        if self.format == Format::OpenMetrics && !self.ended {
            return Err("# EOF is missing".to_owned());
        }
        for (family, open) in &self.families {
            if !open.kind {
                return Err(format!("family {} has no TYPE", family.name));
            }
            Rules { format: self.format, family }.check_whole()?;
            // A suffixed sample name (`x_total`, `x_count`) that is also a family's name is two families to a reader.
            let clash = family.samples.iter().find(|sample| sample.name != family.name && self.names.contains(&sample.name));
            if let Some(sample) = clash {
                return Err(format!("{} is a sample of {} and a family", sample.name, family.name));
            }
        }
        Ok(Page { families: self.families.into_iter().map(|(family, _)| family).collect() })
    }
}

#[cfg(test)]
mod tests;
