//! The smallest exporter: one gauge from a file, and everything that core brings.
//!
//! `cargo run -p exporter-core --example smallest -- --file /proc/loadavg`, then <http://localhost:9999/metrics>.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use exporter_core::{ConfigError, Exporter, Failure, Flight, Source, run};
use metric_catalogue::redis::exporter::EXPORTER;

metric_catalogue::catalogue! {
    /// First number in the file
    FIRST_NUMBER: Gauge = "smallest_first_number" [];
}

#[derive(Args, Debug)]
struct Flags {
    /// File to read
    #[arg(long, value_name = "FILE", default_value = "/proc/loadavg")]
    file: PathBuf,
}

#[derive(Debug)]
struct File(PathBuf);

impl Source for File {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        let text = std::fs::read_to_string(&self.0)?;
        flight.reached();
        flight.read("file", |samples| {
            let number: f64 = text.split_whitespace().next().ok_or("the file is empty")?.parse().map_err(|_| "the file holds no number")?;
            samples.gauge(&FIRST_NUMBER, [], number);
            Ok::<(), &str>(())
        });
        Ok(())
    }
}

struct Smallest;

impl Exporter for Smallest {
    const NAME: &'static str = "smallest";
    const ENVIRONMENT: &'static str = "SMALLEST";
    const DEFAULT_LISTEN_ADDRESS: &'static str = ":9999";
    /// An exporter of its own has its own; this one borrows those of redis-exporter.
    const OWN: &'static metric_catalogue::exporter::Exporter = &EXPORTER;
    type Config = Flags;
    type Source = File;

    fn source(flags: Flags) -> Result<File, ConfigError> {
        Ok(File(flags.file))
    }
}

fn main() -> ExitCode {
    run::<Smallest>()
}
