//! `.env.example`: every variable with its default.

use super::{File, NOTICE, Place};
use crate::spec::variable::{self, Reader, Value, Variable};

const INTRODUCTION: &str = "\
# Copy this file to .env and set what is required.
#
# Variables that the generator reads are written into the configuration files: after a change,
#   cargo run -p generator -- --env-file .env --output site
# with CONFIG_DIR=./site, then `docker compose -f docker-compose.monitoring.yml kill -s HUP prometheus alertmanager`.
# Variables that compose reads need `docker compose -f docker-compose.monitoring.yml up -d`, and passwords --force-recreate.
# A value that holds $, # or a space stands between single quotes.
";

pub(super) fn file() -> File {
    let variables: String = variable::ALL.into_iter().map(paragraph).collect();
    File::new(Place::Project, ".env.example", format!("# {NOTICE}\n{INTRODUCTION}{variables}"))
}

/// A required variable is commented out: compose refuses to start without it, while an empty one would be a password.
fn paragraph(variable: &Variable) -> String {
    let Variable { name, value, reader, comment } = variable;
    let reader = match reader {
        Reader::Generator => "Read by the generator.",
        Reader::Compose => "Read by compose.",
        Reader::Secret => "Read by compose, and handed on as a file.",
    };
    match value {
        Value::Required => format!("\n# {comment}\n# {reader} Required.\n# {name}=\n"),
        Value::Default(_) | Value::Empty => format!("\n# {comment}\n# {reader}\n{name}={}\n", variable.default()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use crate::spec::site::Site;

    #[test]
    fn the_example_holds_the_defaults() {
        let mut site = Site::default();
        site.read_env(&text_of(&site, ".env.example")).unwrap();
        assert_eq!(site, Site::default());
    }
}
