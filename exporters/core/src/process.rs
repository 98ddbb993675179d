//! The exporter's own process, from `/proc/self`; what the system does not tell stays off the page.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metric_catalogue::process;
use rustix::{
    param,
    process::{Resource, getrlimit},
};

use crate::{measure::from_u64, samples::Samples};

/// Reads the process each time it is asked; what never changes is read once.
#[derive(Debug, Default)]
pub(crate) struct Process {
    start_time: Option<f64>,
}

impl Process {
    pub(crate) fn new() -> Self {
        Self { start_time: Stat::read().and_then(|stat| stat.start_time()) }
    }

    pub(crate) fn collect(&self, samples: &mut Samples) {
        let stat = Stat::read();
        samples.counter(&process::CPU_SECONDS, [], stat.as_ref().and_then(|stat| stat.seconds(&[11, 12])));
        samples.gauge(&process::THREADS, [], stat.as_ref().and_then(|stat| stat.number(17)));
        samples.gauge(&process::VIRTUAL_MEMORY, [], stat.as_ref().and_then(|stat| stat.number(20)));
        let pages = stat.as_ref().and_then(|stat| stat.number(21));
        samples.gauge(&process::RESIDENT_MEMORY, [], pages.map(|pages| pages * u64::try_from(param::page_size()).unwrap_or(0)));
        samples.gauge(&process::VIRTUAL_MEMORY_MAX, [], getrlimit(Resource::As).current);
        samples.gauge(&process::MAX_FDS, [], getrlimit(Resource::Nofile).current);
        // One of the entries is the directory that is being listed.
        samples.gauge(&process::OPEN_FDS, [], fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1)));
        samples.gauge(&process::START_TIME, [], self.start_time);
    }
}

/// `/proc/self/stat`, from the field after the program's name on. proc(5)
#[derive(Debug)]
struct Stat(Vec<u64>);

impl Stat {
    fn read() -> Option<Self> {
        let text = fs::read_to_string("/proc/self/stat").ok()?;
        // The name stands in parentheses and may hold anything, so the last one counts.
        let (_, fields) = text.rsplit_once(')')?;
        Some(Self(fields.split_ascii_whitespace().map(|field| field.parse().unwrap_or(0)).collect()))
    }

    fn number(&self, at: usize) -> Option<u64> {
        self.0.get(at).copied()
    }

    fn seconds(&self, fields: &[usize]) -> Option<f64> {
        let ticks: u64 = fields.iter().map(|at| self.number(*at)).sum::<Option<u64>>()?;
        Some(from_u64(ticks) / from_u64(param::clock_ticks_per_second()))
    }

    fn start_time(&self) -> Option<f64> {
        let since_boot = self.seconds(&[19])?;
        let uptime: f64 = fs::read_to_string("/proc/uptime").ok()?.split(' ').next()?.parse().ok()?;
        let age = Duration::try_from_secs_f64((uptime - since_boot).max(0.0)).ok()?;
        SystemTime::now().checked_sub(age)?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_is_measured() {
        let mut samples = Samples::default();
        Process::new().collect(&mut samples);
        let families: Vec<_> = samples.families().map(str::to_owned).collect();
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
            assert!(families.iter().any(|family| family == name), "{name} is missing");
        }
        let resident = samples.text().lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes ")?.parse::<f64>().ok());
        assert!(resident.is_some_and(|bytes| bytes > 100_000.0), "{resident:?}");
    }
}
