//! The environment file: what `.env` says to the generator.

use super::{Secret, Site, SiteError};
use crate::spec::variable::{self, Value, Variable};

impl Site {
    /// Takes over what the text of an environment file says to the generator: lines `NAME=value` in the form that Compose
    /// reads, of which an empty value means the default. Variables that only Compose reads are passed over.
    ///
    /// # Errors
    /// When a line is no assignment, or a value is not of its variable's form.
    pub fn read_env(&mut self, text: &str) -> Result<(), SiteError> {
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let taken = match assignment(number, line)? {
                Some((name, "")) => required(name),
                Some((name, value)) => self.set(name, value),
                None => Ok(()),
            };
            taken.map_err(|error| SiteError::File { line: u64::try_from(number).unwrap_or(u64::MAX), problem: error.to_string() })?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), SiteError> {
        let Some(variable) = variable::ALL.into_iter().find(|variable| variable.name == name) else { return Ok(()) };
        match name {
            name if name == variable::WEBHOOK_URL.name => self.webhook_url = url(variable.name, value)?,
            name if name == variable::HEARTBEAT_URL.name => self.heartbeat_url = Some(url(variable.name, value)?),
            name if name == variable::WEBHOOK_USER.name => self.webhook_user = plain(variable, value)?,
            name if name == variable::ENVIRONMENT.name => self.set_external_label("environment", &plain(variable, value)?),
            name if name == variable::CLUSTER.name => self.set_external_label("cluster", &plain(variable, value)?),
            name if name == variable::ADMIN_EMAIL.name => self.email_to = address(variable.name, value)?,
            name if name == variable::SMTP_FROM.name => self.email_from = address(variable.name, value)?,
            name if name == variable::SMTP_HOST.name => self.smtp_host = smart_host(variable.name, value)?,
            name if name == variable::SMTP_USER.name => self.smtp_user = plain(variable, value)?,
            name if name == variable::SLACK_CHANNEL.name => self.slack_channel = plain(variable, value)?,
            name if name == variable::SLACK_WEBHOOK_URL.name => self.slack = Secret::of(value),
            name if name == variable::METRICS_TOKEN.name => self.metrics_token = Secret::of(value),
            _ => {}
        }
        Ok(())
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
    plain_text(variable.name, value)
}

/// The same, of anything with a name.
pub(super) fn plain_text(name: &'static str, value: &str) -> Result<String, SiteError> {
    if value.contains('$') { Err(SiteError::Expansion { name }) } else { Ok(value.to_owned()) }
}

pub(super) fn url(name: &'static str, value: &str) -> Result<String, SiteError> {
    let rest = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '"' | '\'');
    if host.is_empty() || host.contains('@') || host.starts_with(':') || value.contains(odd) {
        return Err(SiteError::Url { name });
    }
    if value.contains('$') { Err(SiteError::Expansion { name }) } else { Ok(value.to_owned()) }
}

/// `name@host`, or several with commas between them, as mail programs take them.
pub(super) fn address(name: &'static str, value: &str) -> Result<String, SiteError> {
    let one = |part: &str| {
        let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '"' | '\'' | '<' | '>' | '@');
        part.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !local.contains(odd) && !host.contains(odd))
    };
    if value.split(',').map(str::trim).all(one) { plain_text(name, value) } else { Err(SiteError::Address { name }) }
}

/// `host:port`.
pub(super) fn smart_host(name: &'static str, value: &str) -> Result<String, SiteError> {
    let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '/' | '"' | '\'' | '@' | ',');
    let good = value.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && !host.contains(odd) && port.parse::<u16>().is_ok());
    if good { plain_text(name, value) } else { Err(SiteError::SmartHost { name }) }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn read(text: &str) -> Result<Site, SiteError> {
        let mut site = Site::default();
        site.read_env(text).map(|()| site)
    }

    #[test]
    fn values_are_read_as_compose_reads_them() -> Result<(), SiteError> {
        let text = "# comment\n\nexport CLUSTER = west # inline\nENVIRONMENT=\"stage # 2\"\nALERTMANAGER_WEBHOOK_USER='am'\nHEARTBEAT_URL=https://beat.example/a\nREDIS_PASSWORD=p$w\n";
        let site = read(text)?;
        let label = |name| site.external_labels.get(name).map(String::as_str);
        assert_eq!((label("cluster"), label("environment"), site.webhook_user.as_str()), (Some("west"), Some("stage # 2"), "am"));
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
            "line 1: GRAFANA_ADMIN_PASSWORD is empty, and the stack is not safe without it: give it a value, or take the line out and set it in Compose's environment"
        );
        assert_eq!(
            message("CLUSTER=$NAME"),
            "line 1: CLUSTER holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out"
        );
    }

    #[test]
    fn addresses_must_be_plain_urls() {
        let expected = "line 1: ALERTMANAGER_WEBHOOK_URL must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space";
        for value in ["api:8000", "http://", "http:///path", "https://user:hunter2@host/", "http://:80/", "ftp://host", "http://ho st/"] {
            assert_eq!(read(&format!("ALERTMANAGER_WEBHOOK_URL=\"{value}\"")).unwrap_err().to_string(), expected, "{value}");
        }
    }

    #[test]
    fn every_variable_that_is_read_has_a_form() {
        let url = "must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space";
        let mail = "must be name@host, or several with commas between them";
        let dollar = "holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out";
        let empty = "is empty, and the stack is not safe without it: give it a value, or take the line out and set it in Compose's environment";
        for (text, form) in [
            ("ADMIN_EMAIL='Admin <a@b>'", mail),
            ("ADMIN_EMAIL=a@b,c", mail),
            ("ADMIN_EMAIL=a$b@c", dollar),
            ("SMTP_FROM=nobody", mail),
            ("SMTP_HOST=smtp.example", "must be host:port"),
            ("SMTP_HOST=smtp.example:mail", "must be host:port"),
            ("SMTP_USER=$USER", dollar),
            ("SLACK_CHANNEL='#$c'", dollar),
            ("ALERTMANAGER_WEBHOOK_URL=api", url),
            ("ALERTMANAGER_WEBHOOK_USER=$USER", dollar),
            ("HEARTBEAT_URL=beat.example", url),
            ("HEARTBEAT_URL=https://beat.example/$TOKEN", dollar),
            ("ENVIRONMENT=$ENV", dollar),
            ("CLUSTER=${CLUSTER}", dollar),
            ("SMTP_PASSWORD=''", empty),
            ("ALERTMANAGER_WEBHOOK_PASSWORD=", empty),
        ] {
            let name = text.split('=').next().unwrap_or_default();
            assert_eq!(read(&format!("\n# comment\n{text}\n")).unwrap_err().to_string(), format!("line 3: {name} {form}"), "{text}");
        }
        assert_eq!(read("ADMIN_EMAIL=a@b, c@d").map(|site| site.email_to), Ok("a@b, c@d".to_owned()));
    }

    #[test]
    fn of_secrets_only_whether_they_are_set_is_kept() -> Result<(), SiteError> {
        let site = read("SLACK_WEBHOOK_URL=https://hooks.example/hunter2\nMETRICS_TOKEN=hunter2\nSMTP_PASSWORD=hunter2\n")?;
        assert!(site.slack.is_set() && site.metrics_token.is_set());
        assert!(!format!("{site:?}").contains("hunter2"));
        Ok(())
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
            "time scale 7: 15s must divide by it into whole milliseconds, as it does by 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 40, 50, 60"
        );
    }

    #[test]
    fn odd_targets_are_refused() {
        let message = |text| Site::default().add_target(text).unwrap_err().to_string();
        for text in ["redis", "redis=host", "redis=:9121", "redis=host:port", "redis=host:70000", "redis=http://host:80", "redis=a,b:80"] {
            assert_eq!(message(text), format!("target \"{text}\": expected JOB=HOST:PORT"));
        }
        assert_eq!(
            message("reddis=host:1"),
            "target \"reddis=host:1\": there is no such job, only prometheus, alertmanager, grafana, node, postgres, redis, celery, selextract-api"
        );
    }
}
