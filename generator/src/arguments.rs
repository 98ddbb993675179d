//! The command line.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Parser;

/// Renders the configuration of the monitoring stack.
///
/// Without options it renders generated/, .env.example and docker-compose.monitoring.yml of the repository it is run in.
/// A site of your own goes to a directory of its own (--output), and `CONFIG_DIR` in .env says which one is mounted.
///
/// Exits with 0 if all is well, 1 if --check found a difference, 2 on an error, which leaves every file as it was.
#[derive(Debug, Parser)]
#[command(name = "generator", version, max_term_width = 120)]
pub(crate) struct Arguments {
    /// Write nothing: name each file that is not as it would be rendered
    #[arg(long)]
    pub(crate) check: bool,

    /// Directory for the rendered set, instead of generated/
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Variables of your site, in the form of .env.example
    #[arg(long, value_name = "FILE", requires = "output")]
    pub(crate) env_file: Option<PathBuf>,

    /// Scrape a job at this address instead of the compose network's; may be repeated
    #[arg(long, value_name = "JOB=HOST:PORT", requires = "output")]
    pub(crate) target: Vec<String>,

    /// Where Alertmanager posts alerts, instead of `ALERTMANAGER_WEBHOOK_URL`
    #[arg(long, value_name = "URL", requires = "output")]
    pub(crate) webhook: Option<String>,

    /// Directory of the secret files as Alertmanager and Prometheus see it, instead of /run/secrets
    #[arg(long, value_name = "DIR", requires = "output")]
    pub(crate) secrets_dir: Option<String>,

    /// Divide every time by this number, to watch in seconds what takes minutes
    #[arg(long, value_name = "N", requires = "output")]
    pub(crate) time_scale: Option<NonZeroU32>,
}
