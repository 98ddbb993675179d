//! One sequence of families by name out of a collection and a registry.

use super::{Contents, Header};
use crate::samples::LineVisitor;

/// Calls `each` with every wanted family in the order of their names; of two families with one name the counted one stands.
pub(super) fn families(
    contents: &Contents<'_>,
    wanted: &dyn Fn(&str, Option<&str>) -> bool,
    mut each: impl FnMut(Header<'_>, &mut dyn FnMut(LineVisitor<'_>)),
) {
    let snapshot = contents.registry.snapshot();
    let mut counted = snapshot.families().peekable();
    for (family, lines) in contents.samples.sorted() {
        while let Some((definition, family)) = counted.next_if(|(definition, _)| definition.name < &*family.name) {
            if wanted(definition.name, None) {
                each(header(definition), &mut |line| family.lines(line));
            }
        }
        let taken = counted.peek().is_some_and(|(definition, _)| definition.name == family.name);
        if !taken && wanted(&family.name, family.collector) {
            let mut lines = lines;
            each(Header { name: &family.name, help: &family.help, kind: family.kind }, &mut |line| lines.by_ref().for_each(line));
        }
    }
    for (definition, family) in counted {
        if wanted(definition.name, None) {
            each(header(definition), &mut |line| family.lines(line));
        }
    }
}

const fn header(definition: &metric_catalogue::Definition) -> Header<'_> {
    Header { name: definition.name, help: definition.help, kind: definition.kind }
}
