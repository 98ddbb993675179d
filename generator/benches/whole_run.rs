//! A whole run, from the spec to files with all checks, and how its time grows with the number of alerts.
//!
//! Prints a table; what it takes per alert beside the same at 100 alerts is the growth: 1.0 is linear.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at whatever is wrong")]

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use generator::Site;
use generator::write::{Destination, replace};

/// Numbers of alerts; the first, about as many as there are, is what others are compared with.
const SIZES: [usize; 5] = [100, 250, 500, 1_000, 2_000];

/// Runs of each size; the median is shown.
const RUNS: usize = 9;

/// The median of some runs.
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times.into_iter().nth(RUNS / 2).unwrap()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let site = Site::default();
    let per_alert = |size: usize, time: Duration| milliseconds(time) / f64::from(u32::try_from(size).unwrap());
    let rendering: Vec<(usize, Duration)> = SIZES.map(|size| (size, median(|| drop(generator::render_enlarged(&site, size).unwrap())))).into();
    let base = rendering.first().map(|(size, time)| per_alert(*size, *time)).unwrap();
    writeln!(out, "{:>7} {:>7} {:>10} {:>12} {:>8} {:>12}", "alerts", "files", "ms", "ms/alert", "growth", "first write")?;
    for (size, time) in rendering {
        let files = generator::render_enlarged(&site, size).unwrap();
        let directory = tempfile::tempdir()?;
        let start = Instant::now();
        replace(&files, &Destination::set(directory.path().join("site"))).unwrap();
        let written = start.elapsed();
        let each = per_alert(size, time);
        writeln!(out, "{size:>7} {:>7} {:>10.1} {each:>12.3} {:>8.2} {:>12.1}", files.len(), milliseconds(time), each / base, milliseconds(written))?;
    }
    Ok(())
}
