//! Families with any number of members: those that fit a budget by name, the others in one sum, so that sums stay right.

use std::collections::{BTreeMap, HashMap};

use exporter_core::Samples;
use metric_catalogue::{Definition, Type, Unit};

use super::{budget::Budget, rest::Rest};
use crate::{
    mapping::{self, Fixed, Mapping},
    row::{Row, RowError},
};

/// What the members are.
#[derive(Debug)]
pub(super) struct Members {
    /// Columns that tell them apart.
    pub(super) key: &'static [&'static str],
    /// Columns whose sum is the work of a member: what has much of it is shown by name.
    pub(super) work: &'static [&'static str],
    /// The label that says `other` where the sum of all others is shown. Labels beside it are empty then.
    pub(super) label: &'static str,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Budgeted {
    metrics: &'static [&'static Definition],
    members: &'static Members,
    limit: usize,
    budget: Budget,
    /// There once there was a sum: one that has been shown stays, or its return would look like a reset.
    rest: Option<Rest>,
}

impl Budgeted {
    /// Shows at most `limit` members, the sum of all others being one; 0 is no limit.
    pub(super) fn new(metrics: &'static [&'static Definition], members: &'static Members, limit: usize) -> Self {
        Self { metrics, members, limit, budget: Budget::default(), rest: None }
    }

    /// Sends all rows, which have these labels in common. Returns how many are in the sum.
    pub(super) fn send(&mut self, common: Fixed<'_>, rows: &[Row], samples: &mut Samples) -> Result<u64, RowError> {
        let is_full = self.limit > 0 && rows.len() > self.limit;
        if !is_full && self.rest.is_none() {
            return mapping::send(self.metrics, &[], rows, samples).map(|()| 0);
        }
        let names = rows.iter().map(|row| self.name(row)).collect::<Result<Vec<_>, _>>()?;
        if is_full {
            let works = rows.iter().map(|row| self.work(row)).collect::<Result<Vec<_>, _>>()?;
            let candidates: Vec<(&str, f64)> = names.iter().map(String::as_str).zip(works).collect();
            // One place is the sum's.
            self.budget.choose(self.limit.saturating_sub(1).max(1), &candidates);
        }
        let rows: Vec<Named<'_>> =
            rows.iter().zip(&names).map(|(row, name)| Named { row, name, shown: !is_full || self.budget.contains(name) }).collect();
        mapping::send(self.metrics, &[], rows.iter().filter(|row| row.shown).map(|row| row.row), samples)?;
        self.count(common, &rows, samples)?;
        if is_full { self.sum(common, &rows, samples) } else { Ok(0) }
    }

    /// How often a member that was still there lost its place to another.
    pub(super) const fn evictions(&self) -> u64 {
        self.budget.evictions()
    }

    fn name(&self, row: &Row) -> Result<String, RowError> {
        let mut name = String::new();
        for column in self.members.key {
            name.push_str(&row.text(column)?);
            name.push('\0');
        }
        Ok(name)
    }

    fn work(&self, row: &Row) -> Result<f64, RowError> {
        self.members.work.iter().map(|column| Ok(row.number(column)?.unwrap_or(0.0))).sum()
    }

    /// The labels of the sum.
    fn labels<'a>(&self, definition: &Definition, common: Fixed<'a>) -> Vec<&'a str> {
        let value = |label: &&'static str| match common.iter().find(|(name, _)| name == label) {
            Some((_, value)) => value,
            None if *label == self.members.label => "other",
            None => "",
        };
        definition.labels.iter().map(value).collect()
    }

    /// Adds to the counters of what is left over, and shows them.
    fn count(&mut self, common: Fixed<'_>, rows: &[Named<'_>], samples: &mut Samples) -> Result<(), RowError> {
        let mut rest = self.rest.take().unwrap_or_default();
        let mut columns = rows.first().map(|first| Mapping::new(self.metrics, &[], first.row).columns()).unwrap_or_default();
        columns.retain(|(_, definition)| definition.kind == Type::Counter);
        if !columns.is_empty() {
            rest.begin(columns.len());
            for row in rows {
                let values = columns.iter().map(|(position, _)| Ok(row.row.number_at(*position)?.unwrap_or(0.0)));
                rest.add(row.name, row.shown, values.collect::<Result<_, _>>()?);
            }
            for ((_, definition), total) in columns.iter().zip(rest.end()) {
                samples.plain(definition, &self.labels(definition, common), *total);
            }
        }
        self.rest = Some(rest);
        Ok(())
    }

    /// Adds up what can be added of the others: numbers and sizes, not times and ages. Returns how many others there are.
    fn sum(&self, common: Fixed<'_>, rows: &[Named<'_>], samples: &mut Samples) -> Result<u64, RowError> {
        let mut others = rows.iter().filter(|row| !row.shown).map(|row| row.row).peekable();
        let Some(first) = others.peek() else { return Ok(0) };
        let mut columns = Mapping::new(self.metrics, &[], first).columns();
        columns.retain(|(_, definition)| definition.kind != Type::Counter);
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        let mut count = 0;
        for row in others {
            count += 1;
            for (position, _) in &columns {
                *sums.entry(*position).or_default() += row.number_at(*position)?.unwrap_or(0.0);
            }
        }
        for (position, definition) in columns {
            if definition.unit() != Some(Unit::Seconds) && !definition.name.ends_with("_age") {
                samples.plain(definition, &self.labels(definition, common), sums.get(&position).copied());
            }
        }
        Ok(count)
    }
}

/// One for each database, which rows name in the column `datname`.
#[derive(Debug)]
pub(super) struct ByDatabase {
    metrics: &'static [&'static Definition],
    members: &'static Members,
    limit: usize,
    databases: HashMap<String, Budgeted>,
}

impl ByDatabase {
    /// Shows at most `limit` members of a database.
    pub(super) fn new(metrics: &'static [&'static Definition], members: &'static Members, limit: usize) -> Self {
        Self { metrics, members, limit, databases: HashMap::new() }
    }

    /// Sends the rows of one database. Returns how many are in the sum, and how often a member has lost its place.
    pub(super) fn send(&mut self, database: &str, rows: &[Row], samples: &mut Samples) -> Result<(u64, u64), RowError> {
        let new = || Budgeted::new(self.metrics, self.members, self.limit);
        let budgeted = self.databases.entry(database.to_owned()).or_insert_with(new);
        let others = budgeted.send(&[("datname", database)], rows, samples)?;
        Ok((others, budgeted.evictions()))
    }
}

/// A row, what its member is called, and whether it is shown by name.
#[derive(Debug)]
struct Named<'a> {
    row: &'a Row,
    name: &'a str,
    shown: bool,
}
