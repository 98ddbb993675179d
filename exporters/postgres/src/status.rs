//! What the last collection was like, for people: which collectors this role can run, and what it lacks.

use std::{collections::BTreeMap, fmt};

use exporter_core::{Failure, Reason};

/// What gives a role all that the collectors need.
const GRANT: &str = "GRANT pg_monitor TO";

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Status {
    server: String,
    user: String,
    outcome: Option<Result<(), Failure>>,
    collectors: BTreeMap<&'static str, Option<Failure>>,
}

impl Status {
    pub(crate) fn new(server: &str, user: &str) -> Self {
        Self { server: server.to_owned(), user: user.to_owned(), ..Self::default() }
    }

    /// How a collection ended.
    pub(crate) fn ended(&mut self, outcome: &Result<(), Failure>) {
        self.outcome = Some(outcome.clone());
    }

    /// How a collector did.
    pub(crate) fn collector(&mut self, name: &'static str, failure: Option<&Failure>) {
        self.collectors.insert(name, failure.cloned());
    }

    /// What a superuser has to say for the role to be able to run all collectors, if it lacks something.
    pub(crate) fn advice(&self) -> Option<String> {
        let lacking = |failure: &Failure| failure.reason == Reason::Permission;
        let lacks = self.collectors.values().flatten().any(lacking);
        lacks.then(|| format!("The role lacks privileges. As a superuser: {GRANT} \"{}\";", self.user.replace('"', "\"\"")))
    }

    /// The page's body.
    pub(crate) fn write(&self, page: &mut impl fmt::Write) -> fmt::Result {
        writeln!(page, "<h1>{}</h1>", escape(&self.server))?;
        match &self.outcome {
            None => writeln!(page, "<p>Nothing has been collected yet.</p>")?,
            Some(Ok(())) => writeln!(page, "<p>The last collection succeeded.</p>")?,
            Some(Err(failure)) => writeln!(page, "<p>The last collection failed: {} ({})</p>", escape(&failure.message), failure.reason)?,
        }
        if let Some(advice) = self.advice() {
            writeln!(page, "<p>{}</p>", escape(&advice))?;
        }
        writeln!(page, "<table>\n<tr><th>Collector</th><th>State</th></tr>")?;
        for (name, failure) in &self.collectors {
            let state = failure.as_ref().map_or_else(|| "runs".to_owned(), |failure| escape(&failure.message));
            writeln!(page, "<tr><td>{}</td><td>{state}</td></tr>", escape(name))?;
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

    #[test]
    fn missing_privilege_names_its_grant() {
        let mut status = Status::new("db:5432", "<me>");
        status.ended(&Ok(()));
        status.collector("locks", None);
        status.collector("wal", Some(&Failure::new(Reason::Permission, "ERROR: permission denied for function pg_ls_waldir")));
        let mut page = String::new();

        status.write(&mut page).unwrap();

        assert!(page.contains("GRANT pg_monitor TO &quot;&lt;me&gt;&quot;;"), "{page}");
        assert!(page.contains("<tr><td>locks</td><td>runs</td></tr>") && page.contains("permission denied for function"), "{page}");
    }
}
