//! Go's spellings of flags, turned into those of clap: `-name`, `-name=value`, `--name value`, `--no-name`.

use std::ffi::OsString;

use clap::{Arg, Command};

use super::ConfigError;

/// The same command line with every flag as `--name` or `--name=value`, so that a value may begin with a dash; what is no
/// flag comes last, since clap takes none behind a subcommand.
pub(super) fn normalize(command: &Command, mut arguments: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, ConfigError> {
    let mut out: Vec<OsString> = arguments.next().into_iter().collect();
    let mut rest = Vec::new();
    while let Some(argument) = arguments.next() {
        let Some((name, value)) = argument.to_str().and_then(split) else {
            rest.push(argument);
            continue;
        };
        if is_known_to_clap(name) {
            out.push(argument);
        } else if let Some(flag) = find(command, name) {
            let value = match value {
                Some(value) => Some(OsString::from(value)),
                None if is_switch(flag) => None,
                None => Some(arguments.next().ok_or_else(|| ConfigError(format!("--{name}: found no value, expected one")))?),
            };
            out.push(joined(name, value));
        } else if let Some(switch) = name.strip_prefix("no-").filter(|name| value.is_none() && find(command, name).is_some_and(is_switch)) {
            out.push(joined(switch, Some("false".into())));
        } else {
            return Err(unknown(command, name));
        }
    }
    out.append(&mut rest);
    Ok(out)
}

/// `--name=value` or `-name` in its parts; `None` for anything that is not a flag.
fn split(argument: &str) -> Option<(&str, Option<&str>)> {
    let rest = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')).filter(|rest| !rest.is_empty())?;
    Some(rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value))))
}

fn is_known_to_clap(name: &str) -> bool {
    matches!(name, "h" | "V" | "help" | "version")
}

fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name)))
}

/// A flag that may stand without a value.
fn is_switch(flag: &Arg) -> bool {
    flag.is_require_equals_set()
}

fn joined(name: &str, value: Option<OsString>) -> OsString {
    let mut argument = OsString::from(format!("--{name}"));
    if let Some(value) = value {
        argument.push("=");
        argument.push(value);
    }
    argument
}

fn unknown(command: &Command, name: &str) -> ConfigError {
    let names = command.get_arguments().filter_map(Arg::get_long);
    let near = names.map(|known| (distance(known, name), known)).min().filter(|(distance, known)| *distance * 3 <= known.len());
    match near {
        Some((_, near)) => ConfigError(format!("unknown flag --{name}, did you mean --{near}?")),
        None => ConfigError(format!("unknown flag --{name}, --help lists all")),
    }
}

/// How many letters have to be added, removed or changed to get from one word to the other.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), line + 1);
        let mut before = line + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(right.chars()) {
            let changed = diagonal + usize::from(from != to);
            diagonal = *cell;
            *cell = changed.min(before + 1).min(diagonal + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}
