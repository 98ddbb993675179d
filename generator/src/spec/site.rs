//! What differs between two sites with the same spec.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::SCRAPE_INTERVAL;
use super::component;
use super::variable::{self, Value, Variable};

/// Where secrets are inside a container.
const SECRETS_DIRECTORY: &str = "/run/secrets";

/// An operator's choices; by default those of `.env.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub(crate) webhook_url: String,
    pub(crate) webhook_user: String,
    pub(crate) heartbeat_url: Option<String>,
    pub(crate) environment: String,
    pub(crate) cluster: String,
    pub(crate) secrets_directory: String,
    pub(crate) targets: BTreeMap<&'static str, Vec<String>>,
    pub(crate) time_scale: NonZeroU32,
}

/// What is wrong with an operator's choice. Values that may be secret are never repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// A line of the environment file is no assignment.
    #[error("line {line}: expected NAME=value")]
    Assignment {
        /// Counted from 1.
        line: usize,
    },
    /// A value begins with a quote that does not end.
    #[error("line {line}: {name} begins with a quote that is not closed on the same line")]
    Quote {
        /// Counted from 1.
        line: usize,
        /// The variable.
        name: String,
    },
    /// A required value is empty.
    #[error("{name} is empty, and the stack is not safe without it: give it a value, or take the line out and set it in Compose's environment")]
    Empty {
        /// The variable.
        name: &'static str,
    },
    /// A value asks for the expansion that only Compose does.
    #[error("{name} holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out")]
    Expansion {
        /// The variable.
        name: &'static str,
    },
    /// A value is no URL.
    #[error("{name} must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space")]
    Url {
        /// The variable or flag.
        name: &'static str,
    },
    /// A scale that times cannot be divided by.
    #[error("time scale {found}: {SCRAPE_INTERVAL} must divide by it into whole milliseconds, as it does by 2, 3, 5, 10, 15, 30 or 60")]
    TimeScale {
        /// What was given.
        found: NonZeroU32,
    },
    /// A target is not `job=host:port`.
    #[error("target \"{found}\": expected JOB=HOST:PORT")]
    Target {
        /// What was given.
        found: String,
    },
    /// A target names a job that the spec has not.
    #[error("target \"{found}\": there is no such job, only {known}")]
    Job {
        /// What was given.
        found: String,
        /// The jobs of the spec.
        known: String,
    },
}

impl Default for Site {
    fn default() -> Self {
        Self {
            webhook_url: variable::WEBHOOK_URL.default().to_owned(),
            webhook_user: variable::WEBHOOK_USER.default().to_owned(),
            heartbeat_url: None,
            environment: variable::ENVIRONMENT.default().to_owned(),
            cluster: variable::CLUSTER.default().to_owned(),
            secrets_directory: SECRETS_DIRECTORY.to_owned(),
            targets: BTreeMap::new(),
            time_scale: NonZeroU32::MIN,
        }
    }
}

impl Site {
    /// Takes over what the text of an environment file says to the generator: lines `NAME=value` in the form that Compose
    /// reads, of which an empty value means the default. Variables that only Compose reads are passed over.
    ///
    /// # Errors
    /// When a line is no assignment, or a value is not of its variable's form.
    pub fn read_env(&mut self, text: &str) -> Result<(), SiteError> {
        for (index, line) in text.lines().enumerate() {
            match assignment(index + 1, line)? {
                Some((name, "")) => required(name)?,
                Some((name, value)) => self.set(name, value)?,
                None => {}
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), SiteError> {
        match name {
            name if name == variable::WEBHOOK_URL.name => self.webhook_url = url(variable::WEBHOOK_URL.name, value)?,
            name if name == variable::HEARTBEAT_URL.name => self.heartbeat_url = Some(url(variable::HEARTBEAT_URL.name, value)?),
            name if name == variable::WEBHOOK_USER.name => self.webhook_user = plain(&variable::WEBHOOK_USER, value)?,
            name if name == variable::ENVIRONMENT.name => self.environment = plain(&variable::ENVIRONMENT, value)?,
            name if name == variable::CLUSTER.name => self.cluster = plain(&variable::CLUSTER, value)?,
            _ => {}
        }
        Ok(())
    }

    /// Sends alerts to another webhook.
    ///
    /// # Errors
    /// When it is no URL.
    pub fn set_webhook(&mut self, value: &str) -> Result<(), SiteError> {
        self.webhook_url = url("--webhook", value)?;
        Ok(())
    }

    /// Adds a target, `job=host:port`. A job with targets of the site's own has none of the spec's.
    ///
    /// # Errors
    /// When it is of another form, or there is no such job.
    pub fn add_target(&mut self, text: &str) -> Result<(), SiteError> {
        let malformed = || SiteError::Target { found: text.to_owned() };
        let (job, address) = text.split_once('=').ok_or_else(malformed)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
        let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '/' | '"' | '\'' | '@' | ',');
        if host.is_empty() || host.contains(odd) || port.parse::<u16>().is_err() {
            return Err(malformed());
        }
        let component = component::ALL
            .into_iter()
            .find(|component| component.job == job)
            .ok_or_else(|| SiteError::Job { found: text.to_owned(), known: component::ALL.map(|component| component.job).join(", ") })?;
        self.targets.entry(component.job).or_default().push(address.to_owned());
        Ok(())
    }

    /// Looks for secret files in another directory: absolute, or relative to the rendered files.
    pub fn set_secrets_directory(&mut self, directory: &str) {
        directory.trim_end_matches('/').clone_into(&mut self.secrets_directory);
    }

    /// Divides every time, so that what takes minutes can be watched in seconds.
    ///
    /// # Errors
    /// When the scrape interval does not divide into whole milliseconds: `for` and evaluations would drift apart.
    pub fn set_time_scale(&mut self, scale: NonZeroU32) -> Result<(), SiteError> {
        if !SCRAPE_INTERVAL.divides_evenly_by(scale) {
            return Err(SiteError::TimeScale { found: scale });
        }
        self.time_scale = scale;
        Ok(())
    }

    /// Path of a secret's file, as the program that reads it sees it.
    pub(crate) fn secret_path(&self, variable: &Variable) -> String {
        format!("{}/{}", self.secrets_directory, variable.secret_file())
    }
}

/// Name and value of a line, or nothing if it is empty or a comment.
fn assignment(number: usize, line: &str) -> Result<Option<(&str, &str)>, SiteError> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let malformed = SiteError::Assignment { line: number };
    let Some((name, value)) = line.split_once('=') else { return Err(malformed) };
    let name = name.trim_end();
    if name.is_empty()
        || name.starts_with(|letter: char| letter.is_ascii_digit())
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(malformed);
    }
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (value, _) = rest.split_once(quote).ok_or_else(|| SiteError::Quote { line: number, name: name.to_owned() })?;
            return Ok(Some((name, value)));
        }
    }
    let value = if value.starts_with('#') { "" } else { value.split_once(" #").map_or(value, |(value, _)| value.trim_end()) };
    Ok(Some((name, value)))
}

/// An empty password would be taken for none at all, by Grafana for its well-known default.
fn required(name: &str) -> Result<(), SiteError> {
    let variable = variable::ALL.into_iter().find(|variable| variable.name == name && variable.value == Value::Required);
    variable.map_or(Ok(()), |variable| Err(SiteError::Empty { name: variable.name }))
}

/// A value without `$`, which newer Prometheus would take for a variable in an external label.
fn plain(variable: &'static Variable, value: &str) -> Result<String, SiteError> {
    if value.contains('$') { Err(SiteError::Expansion { name: variable.name }) } else { Ok(value.to_owned()) }
}

fn url(name: &'static str, value: &str) -> Result<String, SiteError> {
    let rest = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '"' | '\'');
    if host.is_empty() || host.contains('@') || host.starts_with(':') || value.contains(odd) {
        return Err(SiteError::Url { name });
    }
    if value.contains('$') { Err(SiteError::Expansion { name }) } else { Ok(value.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Site, SiteError> {
        let mut site = Site::default();
        site.read_env(text).map(|()| site)
    }

    #[test]
    fn values_are_read_as_compose_reads_them() -> Result<(), SiteError> {
        let text = "# comment\n\nexport CLUSTER = west # inline\nENVIRONMENT=\"stage # 2\"\nALERTMANAGER_WEBHOOK_USER='am'\nHEARTBEAT_URL=https://beat.example/a\nREDIS_PASSWORD=p$w\n";
        let site = read(text)?;
        assert_eq!((site.cluster.as_str(), site.environment.as_str(), site.webhook_user.as_str()), ("west", "stage # 2", "am"));
        assert_eq!(site.heartbeat_url.as_deref(), Some("https://beat.example/a"));
        Ok(())
    }

    #[test]
    fn empty_values_mean_the_default() {
        assert_eq!(read("CLUSTER=\nENVIRONMENT=''\nHEARTBEAT_URL= # none\n"), Ok(Site::default()));
    }

    #[test]
    fn errors_name_line_and_variable_only() {
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(message("\nhunter2"), "line 2: expected NAME=value");
        assert_eq!(message("2X=hunter2"), "line 1: expected NAME=value");
        assert_eq!(message("REDIS_PASSWORD='hunter2"), "line 1: REDIS_PASSWORD begins with a quote that is not closed on the same line");
        assert_eq!(
            message("GRAFANA_ADMIN_PASSWORD="),
            "GRAFANA_ADMIN_PASSWORD is empty, and the stack is not safe without it: give it a value, or take the line out and set it in Compose's environment"
        );
        assert_eq!(
            message("CLUSTER=$NAME"),
            "CLUSTER holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out"
        );
    }

    #[test]
    fn addresses_must_be_plain_urls() {
        let expected =
            "ALERTMANAGER_WEBHOOK_URL must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space";
        for value in ["api:8000", "http://", "http:///path", "https://user:hunter2@host/", "http://:80/", "ftp://host", "http://ho st/"] {
            assert_eq!(read(&format!("ALERTMANAGER_WEBHOOK_URL=\"{value}\"")).unwrap_err().to_string(), expected, "{value}");
        }
    }

    #[test]
    fn targets_replace_those_of_the_spec() -> Result<(), SiteError> {
        let mut site = Site::default();
        site.add_target("redis=127.0.0.1:19121")?;
        site.add_target("redis=[::1]:9121")?;
        assert_eq!(site.targets["redis"], ["127.0.0.1:19121", "[::1]:9121"]);
        Ok(())
    }

    #[test]
    fn scales_that_leave_a_rest_are_refused() {
        let mut site = Site::default();
        assert_eq!(site.set_time_scale(NonZeroU32::new(15).unwrap()), Ok(()));
        assert_eq!(
            site.set_time_scale(NonZeroU32::new(7).unwrap()).unwrap_err().to_string(),
            "time scale 7: 15s must divide by it into whole milliseconds, as it does by 2, 3, 5, 10, 15, 30 or 60"
        );
    }

    #[test]
    fn odd_targets_are_refused() {
        let message = |text| Site::default().add_target(text).unwrap_err().to_string();
        for text in ["redis", "redis=host", "redis=:9121", "redis=host:port", "redis=host:70000", "redis=http://host:80", "redis=a,b:80"] {
            assert_eq!(message(text), format!("target \"{text}\": expected JOB=HOST:PORT"));
        }
        assert_eq!(message("reddis=host:1"), "target \"reddis=host:1\": there is no such job, only prometheus, alertmanager, grafana, node, redis");
    }
}
