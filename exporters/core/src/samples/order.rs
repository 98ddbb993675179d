//! A collection in the order of a page.

use super::{Family, Line, Samples, index, offset};

impl Samples {
    /// Puts the collection into the order of a page; nothing is added to it any more.
    pub(crate) fn seal(&mut self) {
        self.starts.clear();
        self.starts.resize(self.families.len() + 1, 0);
        for point in &self.points {
            if let Some(count) = self.starts.get_mut(index(point.family) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        self.sequence.clear();
        self.sequence.extend(0..offset(self.points.len()));
        // Stable, and nearly sorted already: collectors send family by family.
        let points = &self.points;
        self.sequence.sort_by_key(|at| points.get(index(*at)).map(|point| point.family));
        self.order.clear();
        self.order.extend((0_u32..).zip(&self.families).filter(|(_, family)| family.series > 0).map(|(at, _)| at));
        let families = &self.families;
        self.order.sort_unstable_by_key(|at| families.get(index(*at)).map(|family| &family.name));
    }

    /// The families of a sealed collection by name, each with its lines in the order in which they came.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&Family, impl Iterator<Item = Line<'_>>)> {
        self.order.iter().filter_map(|at| {
            let at = index(*at);
            let sequence = self.sequence.get(*self.starts.get(at)?..*self.starts.get(at + 1)?)?;
            let lines = sequence.iter().filter_map(|point| Some(self.line(self.points.get(index(*point))?)));
            Some((self.families.get(at)?, lines))
        })
    }
}
