//! postgres-exporter: see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    exporter_core::run::<postgres_exporter::Postgres>()
}
