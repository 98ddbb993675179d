//! Definitions of metrics whose names are known only at run time.
//!
//! They live as long as the program, as those of the catalogue do, so each is made once, whichever server or file asks for it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use metric_catalogue::{Definition, Type};

/// Most definitions: five majors of the server have about 400 parameters each, and files of queries change by hand. What
/// comes past it has no series.
const DEFINITIONS: usize = 20_000;

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    texts: HashSet<&'static str>,
    definitions: HashMap<&'static str, Vec<&'static Definition>>,
    count: usize,
}

impl Names {
    /// A text that lives as long as the program; nothing if there are too many.
    pub(crate) fn text(&self, text: &str) -> Option<&'static str> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).text(text)
    }

    /// A definition that lives as long as the program; nothing if there are too many.
    pub(crate) fn definition(&self, name: &str, help: &str, kind: Type, labels: &[&str]) -> Option<&'static Definition> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).definition(name, help, kind, labels)
    }
}

impl Known {
    fn text(&mut self, text: &str) -> Option<&'static str> {
        if let Some(known) = self.texts.get(text) {
            return Some(known);
        }
        if self.count >= DEFINITIONS {
            return None;
        }
        self.count += 1;
        let made: &'static str = Box::leak(text.to_owned().into_boxed_str());
        self.texts.insert(made);
        Some(made)
    }

    fn definition(&mut self, name: &str, help: &str, kind: Type, labels: &[&str]) -> Option<&'static Definition> {
        let same = |known: &&&'static Definition| known.help == help && known.kind == kind && known.labels == labels;
        if let Some(known) = self.definitions.get(name).and_then(|all| all.iter().find(same)) {
            return Some(known);
        }
        let labels = labels.iter().map(|label| self.text(label)).collect::<Option<Vec<_>>>()?;
        let made: &'static Definition = Box::leak(Box::new(Definition {
            name: self.text(name)?,
            help: self.text(help)?,
            kind,
            labels: Box::leak(labels.into_boxed_slice()),
            optional: 0,
            declared_unit: None,
            upstream: false,
            source: None,
            factor: 1.0,
            bounds: &[],
            closed: &[],
        }));
        self.definitions.entry(made.name).or_default().push(made);
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_definition_is_made_once() {
        let names = Names::default();
        let first = names.definition("pg_x", "X", Type::Gauge, &["server"]).unwrap();
        for _ in 0..3 {
            assert!(std::ptr::eq(names.definition("pg_x", "X", Type::Gauge, &["server"]).unwrap(), first));
        }
        assert!(!std::ptr::eq(names.definition("pg_x", "X", Type::Counter, &["server"]).unwrap(), first));
        assert_eq!(names.known.lock().unwrap().count, 3);
    }

    #[test]
    fn definitions_are_bounded() {
        let names = Names::default();
        let made = (0..DEFINITIONS + 5).filter(|number| names.definition(&format!("pg_{number}"), "", Type::Gauge, &[]).is_some());
        assert_eq!(made.count(), DEFINITIONS - 1);
        assert!(names.definition("pg_0", "", Type::Gauge, &[]).is_some());
    }
}
