//! `--collector.NAME` and `--no-collector.NAME`, for each collector of an exporter.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use super::switch;

/// The collectors that have a flag.
pub trait CollectorFlags {
    /// Each of them.
    fn all() -> Vec<CollectorFlag>;
}

/// A collector that can be turned on and off.
#[derive(Clone, Copy, Debug)]
pub struct CollectorFlag {
    /// Name of the collector.
    pub name: &'static str,
    /// Whether it runs unless told otherwise.
    pub default: bool,
    /// What its flag was called before.
    pub former: Option<&'static str>,
}

/// Which collectors run: a set of arguments with one flag for each collector of `L`.
///
/// ```
/// use clap::{Args, FromArgMatches};
/// use exporter_core::{CollectorFlag, CollectorFlags, Collectors};
///
/// struct List;
///
/// impl CollectorFlags for List {
///     fn all() -> Vec<CollectorFlag> {
///         vec![CollectorFlag { name: "locks", default: true, former: None }, CollectorFlag { name: "wal", default: false, former: Some("xlog") }]
///     }
/// }
///
/// let command = Collectors::<List>::augment_args(clap::Command::new("test"));
/// let collectors = Collectors::<List>::from_arg_matches(&command.get_matches_from(["test", "--collector.locks=false", "--collector.xlog"]))?;
/// assert!(collectors.runs("wal") && !collectors.runs("locks"));
/// assert!(collectors.is_given("wal"));
/// # Ok::<(), clap::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Collectors<L> {
    running: Vec<(&'static str, bool)>,
    given: Vec<&'static str>,
    list: PhantomData<L>,
}

impl<L: CollectorFlags> Collectors<L> {
    /// Whether the collector of this name runs; one without a flag does not.
    #[must_use]
    pub fn runs(&self, name: &str) -> bool {
        self.running.iter().any(|(collector, runs)| *collector == name && *runs)
    }

    /// Whether the collector's own flag was given, rather than left at its default.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }
}

impl<L: CollectorFlags> FromArgMatches for Collectors<L> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let running = L::all().into_iter().map(|flag| (flag.name, matches.get_one(&id(flag.name)).copied().unwrap_or(flag.default)));
        let given = |flag: &CollectorFlag| matches.value_source(&id(flag.name)).is_some_and(|source| source != ValueSource::DefaultValue);
        let given = L::all().into_iter().filter(given).map(|flag| flag.name).collect();
        Ok(Self { running: running.collect(), given, list: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<L: CollectorFlags> Args for Collectors<L> {
    fn augment_args(command: Command) -> Command {
        L::all().into_iter().fold(command, |command, flag| {
            let former = flag.former.map(|former| format!("collector.{former}"));
            let help = format!("Collector {}", flag.name);
            command.arg(switch_flag(id(flag.name), format!("collector.{}", flag.name), flag.default).help(help).aliases(former))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn id(name: &str) -> String {
    format!("collector_{name}")
}

/// A flag that may stand without a value, and takes Go's spellings of one.
fn switch_flag(id: String, long: String, default: bool) -> Arg {
    Arg::new(id)
        .long(long)
        .action(ArgAction::Set)
        .value_parser(switch)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value(if default { "true" } else { "false" })
}
