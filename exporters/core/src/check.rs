//! The subcommand `check`: one collection, told to a person.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    exporter::Exporter,
    failure::{Failure, Reason},
    flight::{Flight, Run, Source},
    samples::{Limits, Samples},
};

/// Between two looks at a source that reads its target in the background.
const PAUSE: Duration = Duration::from_millis(100);

/// Collects once and prints what works, what does not, and why; exit code 0 if everything does.
///
/// # Errors
/// There is no runtime, or stdout is closed.
pub(crate) fn run<E: Exporter>(source: E::Source, patience: Duration, limits: Limits) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (report, works) = runtime.block_on(report::<E>(source, patience, limits));
    io::stdout().write_all(report.as_bytes())?;
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn report<E: Exporter>(mut source: E::Source, patience: Duration, limits: Limits) -> (String, bool) {
    let deadline = Instant::now() + patience;
    let (mut flight, mut ended) = fly(&mut source, limits, deadline).await;
    let waits = |flight: &Flight, source: &E::Source| if flight.reached { !source.is_settled() } else { E::READS_IN_BACKGROUND };
    while waits(&flight, &source) && Instant::now() + PAUSE < deadline {
        tokio::time::sleep(PAUSE).await;
        (flight, ended) = fly(&mut source, limits, deadline).await;
    }
    let target = match ended {
        Ok(()) if flight.reached => Ok("reached".to_owned()),
        Ok(()) => Err("no answer".to_owned()),
        Err(failure) => Err(format!("{}: {failure}", failure.reason)),
    };
    let mut lines = vec![("target", target)];
    lines.extend(flight.runs.iter().map(|run| (run.collector, told(run, &flight.samples))));
    if flight.reached && !source.is_settled() {
        lines.push(("background", Err("no end of the first measurements before the deadline".to_owned())));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, outcome) in &lines {
        let (word, told) = outcome.as_ref().map_or_else(|why| ("failed", why), |what| ("ok", what));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:width$}  {word:6}  {told}");
    }
    for line in E::check(&source) {
        text.push_str(&line);
        text.push('\n');
    }
    (text, lines.iter().all(|(_, outcome)| outcome.is_ok()))
}

async fn fly<S: Source>(source: &mut S, limits: Limits, deadline: Instant) -> (Flight, Result<(), Failure>) {
    let (_sender, cutoff) = watch::channel(deadline);
    let mut flight = Flight::new(Samples::with_limits(limits), cutoff);
    let ended = tokio::time::timeout_at(deadline, source.collect(&mut flight)).await;
    (flight, ended.unwrap_or_else(|_| Err(Failure::new(Reason::Timeout, "no answer before the deadline"))))
}

fn told(run: &Run, samples: &Samples) -> Result<String, String> {
    match &run.outcome {
        Some(Ok(())) => Ok(format!("{} series, {} ms", samples.series_of(run.collector), run.took.as_millis())),
        Some(Err(error)) => Err(error.clone()),
        None => Err("no answer before the deadline".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use metric_catalogue::redis::exporter::EXPORTER;

    use super::*;
    use crate::ConfigError;

    metric_catalogue::catalogue! {
        /// Keys
        KEYS: Gauge = "test_keys" ["db"];
    }

    /// A target that is reached at the given attempt, and whose background is done with at as many more.
    #[derive(Debug)]
    struct Late(u32, u32);

    impl Source for Late {
        async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
            self.0 = self.0.saturating_sub(1);
            if self.0 > 0 {
                return Err(Failure::new(Reason::Refused, "nobody listens"));
            }
            self.1 = self.1.saturating_sub(1);
            flight.reached();
            flight.expect("memory");
            flight.read("keys", |samples| {
                samples.gauge(&KEYS, ["0"], 1_u32);
                samples.gauge(&KEYS, ["1"], 1_u32);
                Ok::<(), String>(())
            });
            flight.failed("slowlog", "no permission");
            Ok(())
        }

        fn is_settled(&self) -> bool {
            self.1 == 0
        }
    }

    #[derive(Debug)]
    struct Test<const PATIENT: bool>;

    impl<const PATIENT: bool> Exporter for Test<PATIENT> {
        const NAME: &'static str = "test";
        const ENVIRONMENT: &'static str = "TEST";
        const DEFAULT_LISTEN_ADDRESS: &'static str = ":1";
        const OWN: &'static metric_catalogue::exporter::Exporter = &EXPORTER;
        const READS_IN_BACKGROUND: bool = PATIENT;
        type Config = crate::flags::LogFlags;
        type Source = Late;

        fn source(_: Self::Config) -> Result<Late, ConfigError> {
            Ok(Late(1, 0))
        }

        fn check(_: &Late) -> Vec<String> {
            vec!["GRANT pg_monitor TO exporter".to_owned()]
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_collector_has_its_line() {
        let (text, works) = report::<Test<false>>(Late(1, 0), Duration::from_secs(1), Limits::default()).await;
        let expected = "target   ok      reached\nmemory   failed  no answer before the deadline\nkeys     ok      2 series, 0 ms\n\
                        slowlog  failed  no permission\nGRANT pg_monitor TO exporter\n";
        assert_eq!((text.as_str(), works), (expected, false));
    }

    #[tokio::test(start_paused = true)]
    async fn measurements_in_the_background_are_waited_for() {
        for patient in [false, true] {
            let settled = |attempts| async move {
                let (source, patience) = (Late(1, attempts), Duration::from_secs(1));
                let limits = Limits::default();
                if patient { report::<Test<true>>(source, patience, limits).await.0 } else { report::<Test<false>>(source, patience, limits).await.0 }
            };
            assert!(!settled(5).await.contains("background"));
            assert!(settled(99).await.contains("background  failed  no end of the first measurements"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn source_in_the_background_gets_time() {
        let (text, _) = report::<Test<true>>(Late(4, 0), Duration::from_secs(1), Limits::default()).await;
        assert!(text.starts_with("target   ok "), "{text}");
        for patience in [Duration::from_secs(1), Duration::from_millis(250)] {
            let (text, works) = report::<Test<true>>(Late(99, 0), patience, Limits::default()).await;
            assert!(text.starts_with("target  failed  refused: nobody listens\n") && !works, "{text}");
        }
    }
}
