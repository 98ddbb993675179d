//! The command line.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Parser;

/// Renders the configuration of the monitoring stack.
///
/// Without options it renders generated/, .env.example and docker-compose.monitoring.yml of the repository it is run in.
/// A site of your own goes to a directory of its own (--output), and `CONFIG_DIR` in .env says which one is mounted.
///
/// Exits with 0 if all is well, 1 if --check, --live or --mutate found something, 2 on an error, which leaves every file as it was.
#[derive(Debug, Parser)]
#[command(name = "generator", version, max_term_width = 120)]
pub(crate) struct Arguments {
    /// Write nothing: name each file that is not as it would be rendered
    #[arg(long)]
    pub(crate) check: bool,

    /// Write nothing: break every alert in small ways and list what no unit test notices (runs promtool); only the alerts
    /// whose names begin with PREFIX, if that is given
    #[arg(long, value_name = "PREFIX", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "check")]
    pub(crate) mutate: Option<String>,

    /// Write nothing: say what would change in meaning against the set in DIR, and what it costs to run
    #[arg(long, value_name = "DIR", conflicts_with_all = ["check", "mutate"])]
    pub(crate) plan: Option<PathBuf>,

    /// Write nothing: compare with what the Prometheus at URL has loaded, and list selectors that find nothing there
    #[arg(long, value_name = "URL", conflicts_with_all = ["check", "mutate", "plan"])]
    pub(crate) live: Option<String>,

    /// Write nothing: send one alert per severity, marked as a test, to the Alertmanager at URL
    #[arg(long, value_name = "URL", conflicts_with_all = ["check", "mutate", "plan", "live"])]
    pub(crate) send_test: Option<String>,

    /// Directory for the rendered set, instead of generated/
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Variables of your site, in the form of .env.example
    #[arg(long, value_name = "FILE", requires = "output")]
    pub(crate) env_file: Option<PathBuf>,

    /// What your site changes of the spec, in the form that --print-site shows; stands above --env-file
    #[arg(long, value_name = "FILE", requires = "output")]
    pub(crate) site: Option<PathBuf>,

    /// Write nothing: print the whole site file with the values in force and what each may be
    #[arg(long)]
    pub(crate) print_site: bool,

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
