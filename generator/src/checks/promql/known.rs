//! Which metrics the jobs of a spec expose, and with which labels.

use metric_catalogue::external::target;
use metric_catalogue::{Definition, Type};
use promql_parser::parser;

use super::shape::infer;
use crate::plan::estimate;
use crate::spec::Spec;
use crate::spec::job::Job;
use crate::spec::recordings::Recording;

/// Beyond this many changed letters a name is another name, not a misspelt one.
const NEAR: usize = 3;

/// Everything that an expression can read.
pub(in crate::checks) struct Known<'a> {
    jobs: &'a [Job],
    recordings: &'a [Recording],
}

/// All series of one name.
pub(super) enum Family<'a> {
    /// On every target, or on those of the jobs that are named.
    Exposed { definition: &'static Definition, suffix_label: Option<&'static str>, jobs: Option<Vec<String>> },
    /// Computed by a recording rule: its labels are those of its expression.
    Recorded(&'a str),
}

impl<'a> Known<'a> {
    pub(in crate::checks) fn new(spec: &'a Spec) -> Self {
        Self { jobs: &spec.jobs, recordings: &spec.recordings }
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &'a Job> {
        self.jobs.iter()
    }

    pub(super) fn job(&self, name: &str) -> Option<&'a Job> {
        self.jobs().find(|job| job.label() == name)
    }

    pub(super) fn family(&self, name: &str) -> Option<Family<'a>> {
        if let Some(recording) = self.recordings.iter().find(|recording| recording.name == name) {
            return Some(Family::Recorded(&recording.expr));
        }
        if let Some(definition) = target::ALL.iter().copied().find(|definition| definition.name == name) {
            return Some(Family::Exposed { definition, suffix_label: None, jobs: None });
        }
        let mut found: Option<(&'static Definition, Option<&'static str>)> = None;
        let mut jobs = Vec::new();
        for job in self.jobs {
            if let Some(one) = job.component.program.metrics().find_map(|definition| Some((definition, resolved(definition, name)?))) {
                found.get_or_insert(one);
                jobs.push(job.label().to_owned());
            }
        }
        found.map(|(definition, suffix_label)| Family::Exposed { definition, suffix_label, jobs: Some(jobs) })
    }

    /// Names of the jobs that expose series of that name.
    pub(in crate::checks) fn exposing(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let jobs = match self.family(name) {
            Some(Family::Exposed { jobs, .. }) => jobs,
            Some(Family::Recorded(_)) | None => Some(Vec::new()),
        };
        self.jobs.iter().map(Job::label).filter(move |job| jobs.as_ref().is_none_or(|jobs| jobs.iter().any(|name| name == job)))
    }

    /// Series of that name on one target.
    pub(in crate::checks) fn series_of(&self, name: &str) -> u64 {
        match self.family(name) {
            Some(Family::Exposed { definition, .. }) => estimate::series(definition),
            Some(Family::Recorded(_)) | None => 1,
        }
    }

    /// The known name that is most like `name`, if one is.
    pub(super) fn nearest(&self, name: &str) -> Option<&'static str> {
        let exposed = self.jobs().flat_map(|job| job.component.program.metrics());
        let names = exposed.chain(target::ALL.iter().copied()).map(|definition| definition.name);
        names.map(|other| (distance(name, other), other)).filter(|(changes, _)| *changes <= NEAR).min().map(|(_, other)| other)
    }
}

/// `None` if the definition has no series of that name; else the label that the name's ending adds, if it adds one.
#[expect(clippy::option_option, reason = "the outer one is whether it resolves, the inner one what is added")]
fn resolved(definition: &Definition, name: &str) -> Option<Option<&'static str>> {
    let ending = name.strip_prefix(definition.name)?;
    match (definition.kind, ending) {
        (Type::Histogram, "_bucket") => Some(Some("le")),
        (Type::Summary, "") => Some(Some("quantile")),
        (Type::Dynamic, _)
        | (Type::Histogram | Type::Summary, "_sum" | "_count")
        | (Type::Counter | Type::Gauge | Type::Info | Type::Untyped, "") => Some(None),
        _ => None,
    }
}

impl Family<'_> {
    pub(super) fn labels(&self) -> impl Iterator<Item = &'static str> {
        let (labels, suffix_label) = match self {
            Self::Exposed { definition, suffix_label, .. } => (definition.labels, *suffix_label),
            Self::Recorded(_) => (&[][..], None),
        };
        labels.iter().copied().chain(suffix_label)
    }

    pub(super) fn has_label(&self, label: &str, known: &Known<'_>) -> bool {
        match self {
            Self::Exposed { .. } => self.labels().any(|own| own == label),
            Self::Recorded(expression) => parser::parse(expression).map_or(true, |expression| infer(&expression, known).can_have(label)),
        }
    }

    pub(super) fn values_of(&self, label: &str) -> Option<&'static [&'static str]> {
        match self {
            Self::Exposed { definition, .. } => definition.values_of(label),
            Self::Recorded(_) => None,
        }
    }

    pub(super) fn is_exposed_by(&self, job: &Job) -> bool {
        match self {
            Self::Exposed { jobs: Some(jobs), .. } => jobs.iter().any(|name| name == job.label()),
            Self::Exposed { jobs: None, .. } | Self::Recorded(_) => true,
        }
    }
}

/// Letters to insert, delete or replace to make one name the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.bytes().enumerate() {
        let mut diagonal = index;
        let mut beside = index + 1;
        let mut next = vec![beside];
        for (above, other) in row.iter().skip(1).zip(right.bytes()) {
            beside = (beside + 1).min(above + 1).min(diagonal + usize::from(letter != other));
            diagonal = *above;
            next.push(beside);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    metric_catalogue::catalogue! {
        /// Time per command
        SECONDS: Histogram = "x_seconds" ["cmd"];
        /// Time per reply
        REPLY: Summary = "x_reply" [];
        /// Settings
        SETTINGS: Dynamic = "x_settings_" [];
        /// Commands
        COMMANDS: Counter = "x_commands_total" [];
    }

    #[test]
    fn names_resolve_by_kind() {
        let of = |name| ALL.iter().find_map(|definition| resolved(definition, name));
        assert_eq!(of("x_seconds_bucket"), Some(Some("le")));
        assert_eq!(of("x_seconds_count"), Some(None));
        assert_eq!(of("x_seconds"), None);
        assert_eq!(of("x_reply"), Some(Some("quantile")));
        assert_eq!(of("x_reply_bucket"), None);
        assert_eq!(of("x_settings_anything"), Some(None));
        assert_eq!(of("x_commands_total"), Some(None));
        assert_eq!(of("x_commands"), None);
    }

    #[test]
    fn distances_count_changed_letters() {
        assert_eq!([distance("redis_up", "redis_up"), distance("redis_upp", "redis_up"), distance("abc", "xyz"), distance("", "ab")], [0, 1, 3, 2]);
    }
}
