//! One sequence of families by name out of a collection and a registry.

use metric_catalogue::Type;

use super::{Contents, Header};
use crate::samples::LineVisitor;

/// Calls `each` with every wanted family in the order of their names; of two families with one name the counted one stands.
pub(super) fn families(
    contents: &Contents<'_>,
    wanted: &dyn Fn(&str, Option<&str>) -> bool,
    mut each: impl FnMut(Header<'_>, &mut dyn FnMut(LineVisitor<'_>)),
) {
    let mut each =
        |named: (&str, &str, Type), counted: Option<(&'static str, u64)>, collector: Option<&str>, lines: &mut dyn FnMut(LineVisitor<'_>)| {
            let (name, help, kind) = named;
            let (name, constant) = contents.relabeling.apply(name);
            if wanted(&name, collector) {
                each(Header { name: &name, help, kind, constant, counted }, lines);
            }
        };
    let snapshot = contents.registry.snapshot();
    let mut counted = snapshot.families().peekable();
    for (family, lines) in contents.samples.sorted() {
        while let Some((definition, generation, family)) = counted.next_if(|(definition, ..)| definition.name < &*family.name) {
            each((definition.name, definition.help, definition.kind), Some((definition.name, generation)), None, &mut |line| family.lines(line));
        }
        let taken = counted.peek().is_some_and(|(definition, ..)| definition.name == family.name);
        if !taken {
            let mut lines = lines;
            each((&family.name, &family.help, family.kind), None, family.collector, &mut |line| lines.by_ref().for_each(line));
        }
    }
    for (definition, generation, family) in counted {
        each((definition.name, definition.help, definition.kind), Some((definition.name, generation)), None, &mut |line| family.lines(line));
    }
}
