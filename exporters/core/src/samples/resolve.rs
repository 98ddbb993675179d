//! From a metric to its family in this collection.

use std::{borrow::Cow, ptr};

use metric_catalogue::{Definition, Type};

use super::{DynamicName, Family, Samples, index, offset};

impl Samples {
    /// The family of a declared metric, unless its name is already taken by another kind.
    pub(super) fn family(&mut self, definition: &'static Definition) -> Option<u32> {
        if let Some((recent, family)) = self.recent
            && ptr::eq(recent, definition)
        {
            return Some(family);
        }
        let family = match self.names.get(definition.name) {
            Some(family) => *family,
            None => self.add(Family { collector: self.collector, ..Family::of(definition) })?,
        };
        let family = self.of_kind(family, definition.kind)?;
        self.recent = Some((definition, family));
        Some(family)
    }

    pub(super) fn dynamic_family(&mut self, prefix: &'static Definition, dynamic: &DynamicName<'_>) -> Option<u32> {
        let legal = |character: char| if character.is_ascii_alphanumeric() || character == '_' { character } else { '_' };
        let name: String = prefix.name.chars().chain(dynamic.suffix.chars().take(self.limits.label_value_bytes).map(legal)).collect();
        let family = match self.names.get(name.as_str()) {
            Some(family) => *family,
            None if self.dynamic >= self.limits.dynamic_families => {
                self.problems.family_limit += 1;
                return None;
            }
            None => {
                let help = dynamic.help.chars().take(self.limits.label_value_bytes).collect::<String>();
                let family = Family { name: Cow::Owned(name), help: Cow::Owned(help), kind: dynamic.kind, series: 0, collector: self.collector };
                let family = self.add(family)?;
                self.dynamic += 1;
                family
            }
        };
        self.of_kind(family, dynamic.kind)
    }

    /// Adds a family, unless it would be mistaken for another. Declared names are proven to be apart; those that come at
    /// run time have to be compared.
    pub(super) fn add(&mut self, family: Family) -> Option<u32> {
        let loose = matches!(family.name, Cow::Owned(_));
        if (loose || self.loose > 0) && self.is_taken(&family) {
            self.problems.conflict += 1;
            return None;
        }
        self.loose += usize::from(loose);
        let position = offset(self.families.len());
        self.names.insert(family.name.clone(), position);
        self.families.push(family);
        Some(position)
    }

    /// Whether a name that this family claims in some format is another family's already, or the other way round.
    fn is_taken(&self, family: &Family) -> bool {
        let kind_of = |name: &str| self.names.get(name).and_then(|at| self.families.get(index(*at))).map(|found| found.kind);
        let name = &*family.name;
        let claims = family.claims().any(|claim| kind_of(&claim).is_some());
        let claimed = kind_of(&format!("{name}_total")) == Some(Type::Counter)
            || kind_of(&format!("{name}_info")) == Some(Type::Info)
            || ["_bucket", "_sum", "_count"]
                .into_iter()
                .filter_map(|suffix| name.strip_suffix(suffix))
                .any(|base| matches!(kind_of(base), Some(Type::Histogram | Type::Summary)));
        claims || claimed
    }

    pub(super) fn of_kind(&mut self, family: u32, kind: Type) -> Option<u32> {
        let found = self.families.get(index(family))?.kind;
        if found == kind {
            return Some(family);
        }
        self.problems.conflict += 1;
        None
    }
}
