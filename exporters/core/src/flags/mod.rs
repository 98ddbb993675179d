//! Command line and environment, as operators know them from Go exporters.
//!
//! Each flag can also be given by an environment variable; an empty variable counts as unset. Whatever is wrong ends the
//! start with one line that names the flag, what was found and what is expected.

use std::{error::Error as _, ffi::OsString};

use clap::{
    ArgMatches, Args, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

mod arguments;
mod collectors;
mod duration;
mod switch;
pub(crate) mod web;

pub use collectors::{CollectorFlag, CollectorFlags, Collectors};
pub use duration::duration;
pub use switch::switch;
pub(crate) use web::{LogFlags, WebFlags};

/// Something in the configuration that is not as it has to be: one line, exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Says which flag or file, what was found there (no secret) and what is expected.
    #[must_use]
    pub fn new(place: &str, found: &str, expected: &str) -> Self {
        Self(format!("{place}: found {found:?}, expected {expected}"))
    }

    /// An error that already names its file and what is wrong with it.
    #[must_use]
    pub fn of(place: &str, error: &(impl std::error::Error + ?Sized)) -> Self {
        Self(format!("{place}: {error}"))
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Values of all flags.
    Flags(ArgMatches),
    /// Text for stdout: help or version.
    Text(String),
}

/// The exporter's command line: its own flags, and those that every exporter has.
pub(crate) fn command<C: Args>(name: &'static str, environment: &str, listen_address: &'static str) -> Command {
    let command = Command::new(name).version(crate::VERSION).long_version(crate::long_version()).subcommand_negates_reqs(true);
    let command = LogFlags::augment_args(WebFlags::augment_args(C::augment_args(command)));
    command
        .subcommand(Command::new("check").about("Reads the target once and says what works, what does not and why; exit code 0 if everything does"))
        .subcommand(Command::new("healthcheck").about("Asks the running exporter whether it is healthy; exit code 0 if it is"))
        .mut_arg("listen_addresses", |arg| arg.default_value(listen_address))
        .mut_args(|arg| {
            let Some(long) = arg.get_long().filter(|long| !matches!(*long, "help" | "version")) else { return arg };
            let derived = OsString::from(format!("{environment}_{}", long.replace(['.', '-'], "_").to_uppercase()));
            let variable = arg.get_env().map_or(derived, ToOwned::to_owned);
            let unset = std::env::var_os(&variable).is_none_or(|value| value.is_empty());
            // clap takes an empty variable for an empty value.
            let arg = arg.hide_env_values(true);
            if unset { arg.env(clap::builder::Resettable::Reset).help_suffix(&variable) } else { arg.env(variable) }
        })
}

/// Reads the command line.
///
/// # Errors
/// A flag is unknown, or its value is not of its form.
pub(crate) fn parse(command: Command, arguments: impl Iterator<Item = OsString>) -> Result<Parsed, ConfigError> {
    let arguments = arguments::normalize(&command, arguments)?;
    match command.try_get_matches_from(arguments) {
        Ok(matches) => Ok(Parsed::Flags(matches)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => Ok(Parsed::Text(error.to_string())),
        Err(error) => Err(one_line(&error)),
    }
}

/// clap's error in the form of ours.
fn one_line(error: &clap::Error) -> ConfigError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = context(ContextKind::InvalidArg).map(|flag| flag.split([' ', '=', '[']).next().unwrap_or(flag));
    match (error.kind(), flag, context(ContextKind::InvalidValue)) {
        (ErrorKind::InvalidSubcommand, ..) => {
            let found = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            ConfigError(format!("unknown command {found:?}, expected a flag, check or healthcheck"))
        }
        (_, Some(flag), Some(value)) => match error.source() {
            Some(expected) => ConfigError(format!("{flag}: found {value:?}, {expected}")),
            None => ConfigError(format!("{flag}: found {value:?}, expected {}", possible(error))),
        },
        (ErrorKind::ArgumentConflict, Some(flag), None) => ConfigError(format!("{flag}: found twice, expected once")),
        _ => ConfigError(error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()),
    }
}

fn possible(error: &clap::Error) -> String {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => format!("one of {}", values.join(", ")),
        _ => "a value".to_owned(),
    }
}

/// Shows the variable of a flag in its help even where it is unset.
trait HelpSuffix {
    fn help_suffix(self, variable: &OsString) -> Self;
}

impl HelpSuffix for clap::Arg {
    fn help_suffix(self, variable: &OsString) -> Self {
        let help = self.get_help().map(ToString::to_string).unwrap_or_default();
        self.help(format!("{help} [env: {}]", variable.display()))
    }
}

#[cfg(test)]
mod tests;
