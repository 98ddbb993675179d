//! postgres-exporter: see the library of the same name.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use postgres_exporter::{Postgres, maps};

fn main() -> ExitCode {
    match maps::asked(std::env::args()) {
        Some(maps) if io::stdout().write_all(maps.as_bytes()).is_ok() => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
        None => exporter_core::run::<Postgres>(),
    }
}
