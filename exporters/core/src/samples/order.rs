//! A collection in the order of a page.

use std::mem;

use super::{Family, Line, Samples, index, offset};

impl Samples {
    /// Puts the collection into the order of a page; nothing is added to it any more.
    pub(crate) fn seal(&mut self) {
        self.ends.clear();
        self.ends.resize(self.families.len(), 0);
        for point in &self.points {
            if let Some(count) = self.ends.get_mut(index(point.family)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut self.ends {
            sum += mem::replace(end, sum);
        }
        // Each now is where its family starts, and is moved by every point of it to where the family ends.
        self.sequence.clear();
        self.sequence.resize(self.points.len(), 0);
        for (at, point) in (0..).zip(&self.points) {
            let place = self.ends.get_mut(index(point.family)).map(|end| mem::replace(end, *end + 1));
            if let Some(place) = place.and_then(|place| self.sequence.get_mut(place)) {
                *place = at;
            }
        }
        let (families, order) = (&self.families, &mut self.order);
        let name = |at: u32| families.get(index(at)).map(|family| &*family.name);
        // Most pages have the families of the one before, in the same order.
        order.resize(families.len(), u32::MAX);
        if !order.is_sorted_by(|left, right| name(*left) < name(*right)) || order.first().is_some_and(|first| name(*first).is_none()) {
            order.clear();
            order.extend(0..offset(families.len()));
            order.sort_unstable_by_key(|at| name(*at));
        }
    }

    /// The families of a sealed collection by name, each with its lines in the order in which they came.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&Family, impl Iterator<Item = Line<'_>>)> {
        self.order.iter().filter_map(|at| {
            let at = index(*at);
            let family = self.families.get(at).filter(|family| family.series > 0)?;
            let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
            let sequence = self.sequence.get(start..*self.ends.get(at)?)?;
            let lines = sequence.iter().filter_map(|point| Some(self.line(self.points.get(index(*point))?)));
            Some((family, lines))
        })
    }
}
