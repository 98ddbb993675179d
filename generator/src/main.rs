//! Renders the configuration of the monitoring stack, or checks that it is as it would be rendered.

mod arguments;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Parser as _;
use generator::write::{self, Destination};
use generator::{File, Site, live, mutate, plan, send_test};

use arguments::Arguments;

/// Something differs from the rendering.
const DRIFT: u8 = 1;

/// Nothing was done.
const ERROR: u8 = 2;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            // A standard error that is closed leaves the exit code to speak.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(ERROR)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let site = site(arguments)?;
    if arguments.print_site {
        write!(io::stdout(), "{}", site.printed())?;
        return Ok(ExitCode::SUCCESS);
    }
    let files = generator::render(&site)?;
    if let Some(code) = looked_at(arguments, &site, &files)? {
        return Ok(code);
    }
    let destination = match &arguments.output {
        Some(directory) => Destination::set(directory),
        None => Destination::project(project_root()?),
    };
    if arguments.check {
        let differences = write::differences(&files, &destination)?;
        for difference in &differences {
            writeln!(io::stdout(), "{difference}")?;
        }
        return Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DRIFT) });
    }
    for path in write::replace(&files, &destination)? {
        writeln!(io::stdout(), "{path}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Does what writes no files, if that is asked for.
fn looked_at(arguments: &Arguments, site: &Site, files: &[File]) -> Result<Option<ExitCode>> {
    let (text, well) = if let Some(url) = &arguments.send_test {
        (send_test::send(url)?.to_string(), true)
    } else if let Some(url) = &arguments.live {
        let report = live::compare(files, url)?;
        (report.to_string(), report.is_ours())
    } else if let Some(earlier) = &arguments.plan {
        (plan::compare(site, files, earlier)?.to_string(), true)
    } else if let Some(prefix) = &arguments.mutate {
        let proof = mutate::prove(site, files, prefix)?;
        (proof.to_string(), proof.holds())
    } else {
        return Ok(None);
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(Some(if well { ExitCode::SUCCESS } else { ExitCode::from(DRIFT) }))
}

/// The operator's choices; an option stands above the environment file.
fn site(arguments: &Arguments) -> Result<Site> {
    let mut site = Site::default();
    if let Some(path) = &arguments.env_file {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        site.read_env(&text).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &arguments.site {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        site.read_file(&text).with_context(|| path.display().to_string())?;
    }
    if let Some(url) = &arguments.webhook {
        site.set_webhook(url)?;
    }
    for target in &arguments.target {
        site.add_target(target)?;
    }
    if let Some(directory) = &arguments.secrets_dir {
        site.set_secrets_directory(directory);
    }
    if let Some(scale) = arguments.time_scale {
        site.set_time_scale(scale)?;
    }
    Ok(site)
}

/// The repository that the working directory is in.
fn project_root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("cannot read the working directory")?;
    let root = here.ancestors().find(|directory| directory.join("generator/Cargo.toml").is_file()).map(Path::to_owned);
    root.ok_or_else(|| anyhow!("{} is not in the repository of this generator: change to it, or name a directory with --output", here.display()))
}
