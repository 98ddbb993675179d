//! What the last collection was like, for people: which collectors this role can run, and what it lacks.

use std::{collections::BTreeMap, fmt};

use exporter_core::{Failure, Reason};

/// What gives a role all that the collectors need.
const GRANT: &str = "GRANT pg_monitor TO";

/// What a collector needs to be shown everything; the server answers in part to a role without it, and calls that no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    /// Membership in `pg_read_all_stats`: sessions of other roles.
    Statistics,
    /// Membership in `pg_read_all_settings`: parameters that only superusers see.
    Settings,
}

impl Right {
    const fn role(self) -> &'static str {
        match self {
            Self::Statistics => "pg_read_all_stats",
            Self::Settings => "pg_read_all_settings",
        }
    }
}

/// Which rights the session's role has.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    pub(crate) role: String,
    pub(crate) statistics: bool,
    pub(crate) settings: bool,
}

impl Rights {
    const fn has(&self, right: Right) -> bool {
        match right {
            Right::Statistics => self.statistics,
            Right::Settings => self.settings,
        }
    }
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Status {
    server: String,
    user: String,
    rights: Option<Rights>,
    outcome: Option<Result<(), Failure>>,
    collectors: BTreeMap<&'static str, State>,
    /// Sequences that the role may not read, by database.
    sequences: BTreeMap<String, u64>,
}

/// How a collector did.
#[derive(Debug)]
struct State {
    right: Option<Right>,
    failure: Option<Failure>,
}

impl Status {
    pub(crate) fn new(server: &str, user: &str) -> Self {
        Self { server: server.to_owned(), user: user.to_owned(), ..Self::default() }
    }

    /// What the role of a new session may.
    pub(crate) fn rights(&mut self, rights: Rights) {
        self.rights = Some(rights);
    }

    /// How a collection ended.
    pub(crate) fn ended(&mut self, outcome: &Result<(), Failure>) {
        self.outcome = Some(outcome.clone());
    }

    /// How a collector did, and what it needs to be shown everything.
    pub(crate) fn collector(&mut self, name: &'static str, right: Option<Right>, failure: Option<&Failure>) {
        self.collectors.insert(name, State { right, failure: failure.cloned() });
    }

    /// How many sequences of a database the role may not read.
    pub(crate) fn unreadable_sequences(&mut self, database: &str, count: u64) {
        self.sequences.insert(database.to_owned(), count);
    }

    /// The right without which a collector is shown a part only.
    fn lacks(&self, state: &State) -> Option<Right> {
        let rights = self.rights.as_ref()?;
        state.right.filter(|right| !rights.has(*right))
    }

    fn role(&self) -> String {
        let role = self.rights.as_ref().map_or(&self.user, |rights| &rights.role);
        format!("\"{}\"", role.replace('"', "\"\""))
    }

    /// What a superuser has to say for the role to be able to run all collectors, if it lacks something.
    pub(crate) fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        for right in [Right::Statistics, Right::Settings] {
            let partial: Vec<&str> = self.collectors.iter().filter(|(_, state)| self.lacks(state) == Some(right)).map(|(name, _)| *name).collect();
            if !partial.is_empty() {
                advice.push(format!("Shown in part, since the role is no member of {}: {}", right.role(), partial.join(", ")));
            }
        }
        let denied = |state: &State| state.failure.as_ref().is_some_and(|failure| failure.reason == Reason::Permission);
        if !advice.is_empty() || self.collectors.values().any(denied) {
            advice.push(format!("The role lacks privileges. As a superuser: {GRANT} {};", self.role()));
        }
        for (database, count) in self.sequences.iter().filter(|(_, count)| **count > 0) {
            advice.push(format!(
                "{count} sequences of database {database:?} cannot be read. There, for each schema: GRANT SELECT ON ALL SEQUENCES IN SCHEMA … TO {};",
                self.role()
            ));
        }
        advice
    }

    /// The page's body.
    pub(crate) fn write(&self, page: &mut impl fmt::Write) -> fmt::Result {
        writeln!(page, "<h1>{}</h1>", escape(&self.server))?;
        match &self.outcome {
            None => writeln!(page, "<p>Nothing has been collected yet.</p>")?,
            Some(Ok(())) => writeln!(page, "<p>The last collection succeeded.</p>")?,
            Some(Err(failure)) => writeln!(page, "<p>The last collection failed: {} ({})</p>", escape(&failure.message), failure.reason)?,
        }
        for advice in self.advice() {
            writeln!(page, "<p>{}</p>", escape(&advice))?;
        }
        writeln!(page, "<table>\n<tr><th>Collector</th><th>State</th></tr>")?;
        for (name, state) in &self.collectors {
            let text = match (&state.failure, self.lacks(state)) {
                (Some(failure), _) => escape(&failure.message),
                (None, Some(right)) => format!("runs in part: the role is no member of {}", right.role()),
                (None, None) => "runs".to_owned(),
            };
            writeln!(page, "<tr><td>{}</td><td>{text}</td></tr>", escape(name))?;
        }
        writeln!(page, "</table>")
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: &Status) -> String {
        let mut page = String::new();
        status.write(&mut page).unwrap();
        page
    }

    #[test]
    fn missing_privilege_names_its_grant() {
        let mut status = Status::new("db:5432", "<me>");
        status.ended(&Ok(()));
        status.collector("locks", None, None);
        status.collector("wal", None, Some(&Failure::new(Reason::Permission, "ERROR: permission denied for function pg_ls_waldir")));

        let page = page(&status);

        assert!(page.contains("GRANT pg_monitor TO &quot;&lt;me&gt;&quot;;"), "{page}");
        assert!(page.contains("<tr><td>locks</td><td>runs</td></tr>") && page.contains("permission denied for function"), "{page}");
    }

    #[test]
    fn what_is_shown_in_part_is_told() {
        let mut status = Status::new("db:5432", "postgres");
        status.collector("sessions", Some(Right::Statistics), None);
        status.collector("settings", Some(Right::Settings), None);
        status.collector("locks", None, None);
        assert!(status.advice().is_empty(), "nothing is known of the role yet");

        status.rights(Rights { role: "me".to_owned(), statistics: false, settings: true });
        status.unreadable_sequences("shop", 3);

        let advice = status.advice().join("\n");
        assert!(advice.contains("pg_read_all_stats: sessions\n") && advice.contains("GRANT pg_monitor TO \"me\";"), "{advice}");
        assert!(advice.contains("3 sequences of database \"shop\"") && !advice.contains("settings"), "{advice}");
        let page = page(&status);
        assert!(page.contains("<tr><td>sessions</td><td>runs in part: the role is no member of pg_read_all_stats</td></tr>"), "{page}");
        assert!(page.contains("<tr><td>settings</td><td>runs</td></tr>"), "{page}");
        status.unreadable_sequences("shop", 0);
        status.rights(Rights { role: "me".to_owned(), statistics: true, settings: true });
        assert!(status.advice().is_empty());
    }
}
