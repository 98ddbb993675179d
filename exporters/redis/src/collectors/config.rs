//! `CONFIG GET` of the parameters that are metrics, by exact name: a pattern costs the server several times as much, and
//! `*` would send its passwords.

use std::collections::BTreeSet;

use exporter_core::Samples;
use metric_catalogue::redis::config::{OUTPUT_BUFFER_LIMIT, OUTPUT_BUFFER_OVERCOME};
use redis::Value;

use super::{Collector, commandlog};
use crate::{
    command::Command,
    reply::{ReplyError, number, pairs, text},
    state::{State, Version},
};

/// Parameters that are read otherwise than by the table.
const LIMITS: &str = "client-output-buffer-limit";
const DATABASES: &str = "databases";

/// Since this version, one command takes several parameters.
const SEVERAL: Version = (7, 0);

/// Limits and sizes that the server is configured for.
#[derive(Debug)]
pub(super) struct Config;

impl Collector for Config {
    fn name(&self) -> &'static str {
        "config"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        let Some(server) = state.server.as_ref().filter(|server| !server.sentinel) else { return Vec::new() };
        let known = |parameter: &&str| commandlog::is_known(server) || !parameter.starts_with(commandlog::PARAMETERS);
        // Sorted, so that equal questions compare equal.
        let parameters: BTreeSet<&'static str> = state.tables.config.names().filter(known).chain([LIMITS, DATABASES]).collect();
        let get = || Command::new(&["CONFIG", "GET"]);
        if server.version >= SEVERAL {
            vec![parameters.into_iter().fold(get(), Command::with)]
        } else {
            parameters.into_iter().map(|parameter| get().with(parameter)).collect()
        }
    }

    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        for reply in replies {
            for (parameter, value) in pairs(reply)? {
                let value = text(value)?;
                match parameter.as_ref() {
                    LIMITS => output_buffer_limits(&value, samples),
                    DATABASES => state.databases = value.parse().ok(),
                    parameter => {
                        state.tables.config.send_text(samples, parameter, &[], &value);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Four words for each class: `normal 0 0 0 slave 268435456 67108864 60`.
fn output_buffer_limits(value: &str, samples: &mut Samples) {
    let words: Vec<&str> = value.split_whitespace().collect();
    for limit in words.chunks_exact(4) {
        let [class, hard, soft, seconds] = limit else { continue };
        samples.gauge(&OUTPUT_BUFFER_LIMIT, [*class, "hard"], number(hard));
        samples.gauge(&OUTPUT_BUFFER_LIMIT, [*class, "soft"], number(soft));
        samples.gauge(&OUTPUT_BUFFER_OVERCOME, [*class, "soft"], number(seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Server;

    fn state(version: Version) -> State {
        State { server: Some(Server { version, ..Server::default() }), ..State::default() }
    }

    #[test]
    fn old_servers_are_asked_one_by_one() {
        let requests = Config.requests(&state((7, 0)));
        assert_eq!(requests.len(), 1);
        let single = Config.requests(&state((6, 2)));
        assert_eq!(single.len() + 2, requests[0].to_string().split(' ').count());
        assert_eq!(single[0].to_string(), "CONFIG GET client-output-buffer-limit");
        assert!(Config.requests(&State::default()).is_empty());
    }

    #[test]
    fn limits_are_split_by_class() {
        let mut samples = Samples::default();
        output_buffer_limits("normal 0 0 0 slave 256 64 60 broken 1", &mut samples);
        assert_eq!(
            samples.text(),
            "redis_config_client_output_buffer_limit_bytes{class=\"normal\",limit=\"hard\"} 0\n\
             redis_config_client_output_buffer_limit_bytes{class=\"normal\",limit=\"soft\"} 0\n\
             redis_config_client_output_buffer_limit_overcome_seconds{class=\"normal\",limit=\"soft\"} 0\n\
             redis_config_client_output_buffer_limit_bytes{class=\"slave\",limit=\"hard\"} 256\n\
             redis_config_client_output_buffer_limit_bytes{class=\"slave\",limit=\"soft\"} 64\n\
             redis_config_client_output_buffer_limit_overcome_seconds{class=\"slave\",limit=\"soft\"} 60\n"
        );
    }
}
