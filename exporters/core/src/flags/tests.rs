use std::time::Duration;

use clap::{Args, FromArgMatches};

use super::*;

#[derive(Args, Debug, PartialEq)]
struct Own {
    /// Address of the server
    #[arg(long = "redis.addr", env = "FLAGS_TEST_ADDR", default_value = "redis://localhost:6379")]
    addr: String,
    /// Whether to name the connection
    #[arg(long = "set-client-name", action = clap::ArgAction::Set, value_parser = switch, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true")]
    set_client_name: bool,
    /// Time to connect
    #[arg(long = "connection-timeout", default_value = "15s", value_parser = duration)]
    connection_timeout: Duration,
}

fn read(arguments: &[&str]) -> Result<ArgMatches, String> {
    let command = command::<Own>("redis-exporter", "FLAGS_TEST", ":9121");
    match parse(command, std::iter::once("redis-exporter").chain(arguments.iter().copied()).map(OsString::from)) {
        Ok(Parsed::Flags(matches)) => Ok(matches),
        Ok(Parsed::Text(text)) => Err(text),
        Err(error) => Err(error.to_string()),
    }
}

fn own(arguments: &[&str]) -> Own {
    Own::from_arg_matches(&read(arguments).unwrap()).unwrap()
}

#[test]
fn spellings_of_go_are_taken() {
    for arguments in [["--redis.addr", "x:1"].as_slice(), &["-redis.addr", "x:1"], &["--redis.addr=x:1"], &["-redis.addr=x:1"]] {
        assert_eq!(own(arguments).addr, "x:1", "{arguments:?}");
    }
    assert_eq!(own(&["-redis.addr", "-odd"]).addr, "-odd");
    for (argument, expected) in
        [("-set-client-name", true), ("--set-client-name=f", false), ("--set-client-name=TRUE", true), ("--no-set-client-name", false)]
    {
        assert_eq!(own(&[argument]).set_client_name, expected, "{argument}");
    }
    assert_eq!(own(&["-connection-timeout=1m"]).connection_timeout, Duration::from_mins(1));
}

#[test]
fn listen_address_may_be_repeated() {
    let flags = WebFlags::from_arg_matches(&read(&["--web.listen-address", ":1", "--web.listen-address=:2"]).unwrap()).unwrap();
    assert_eq!(flags.listen_addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), [":1", ":2"]);
    let flags = WebFlags::from_arg_matches(&read(&[]).unwrap()).unwrap();
    assert_eq!(flags.listen_addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), [":9121"]);
}

#[test]
fn errors_are_one_line_that_names_the_flag() {
    let cases = [
        (["--redis.adr=x"].as_slice(), "unknown flag --redis.adr, did you mean --redis.addr?"),
        (&["--check-everything"], "unknown flag --check-everything, --help lists all"),
        (&["-x"], "unknown flag --x, --help lists all"),
        (&["--redis.addr"], "--redis.addr: found no value, expected one"),
        (&["--connection-timeout=soon"], "--connection-timeout: found \"soon\", expected a duration such as 500ms, 10s or 1m30s"),
        (&["--set-client-name=perhaps"], "--set-client-name: found \"perhaps\", expected true or false"),
        (
            &["--web.listen-address=9121"],
            "--web.listen-address: found \"9121\", expected host:port, :port or [ipv6]:port, for example 127.0.0.1:9121",
        ),
        (&["--web.telemetry-path=metrics"], "--web.telemetry-path: found \"metrics\", expected a path such as /metrics"),
        (&["--web.scrape-timeout=0"], "--web.scrape-timeout: found \"0\", expected more than 0s"),
        (&["--log.level=loud"], "--log.level: found \"loud\", expected one of debug, info, warn, error"),
        (&["serve"], "unknown command \"serve\", expected a flag, check or healthcheck"),
        (&["--redis.addr=a", "--redis.addr=b"], "--redis.addr: found twice, expected once"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(read(arguments).unwrap_err(), expected, "{arguments:?}");
    }
}

#[test]
fn help_shows_variables_and_no_values() {
    let help = read(&["--help"]).unwrap_err();
    for expected in ["--redis.addr", "FLAGS_TEST_ADDR", "FLAGS_TEST_WEB_LISTEN_ADDRESS", "FLAGS_TEST_LOG_LEVEL", "healthcheck"] {
        assert!(help.contains(expected), "{expected} is missing in\n{help}");
    }
}

#[test]
fn version_names_revision_and_compiler() {
    let version = read(&["--version"]).unwrap_err();
    assert!(version.starts_with("redis-exporter 0.") && version.contains("revision") && version.contains("rustc"), "{version}");
}

#[test]
fn near_flags_are_found() {
    let suggestion = |name: &str| read(&[name]).unwrap_err();
    assert_eq!(suggestion("--web.listen-adress=:1"), "unknown flag --web.listen-adress, did you mean --web.listen-address?");
    assert_eq!(suggestion("--log.lvl=info"), "unknown flag --log.lvl, did you mean --log.level?");
}
