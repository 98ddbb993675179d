//! What the Redis exporter says about a configuration that it cannot use: one line that names the place, and exit code 2.

use it::program::Program;
use it::{PATIENCE, binary, port, wait};

/// Arguments, and what the line must name.
const BAD: &[(&[&str], &str)] = &[
    (&["--redis.adr", "redis://127.0.0.1:1"], "--redis.adr"),
    (&["--redis.addr", "redis://127.0.0.1:notaport"], "--redis.addr"),
    (&["--redis.addr", "http://127.0.0.1:6379"], "--redis.addr"),
    (&["--redis.addr"], "--redis.addr"),
    (&["--redis.password-file", "/nonexistent/password"], "/nonexistent/password"),
    (&["--web.listen-address", "127.0.0.1:99999"], "--web.listen-address"),
    (&["--web.scrape-timeout", "soon"], "--web.scrape-timeout"),
    (&["--log.level", "loud"], "--log.level"),
    (&["surprise"], "surprise"),
];

/// What the exporter says, and its exit code.
fn run(arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = binary::command("redis-exporter");
    // Should it start after all, then at least on a port of its own.
    command.args(arguments).env("REDIS_EXPORTER_WEB_LISTEN_ADDRESS", format!("127.0.0.1:{}", port::free()));
    let mut program = Program::start(command);
    let status = wait::until(&format!("the exporter to end that was given {arguments:?}"), PATIENCE, || program.exited());
    (program.log(), status.code())
}

#[test]
fn bad_configuration_ends_with_one_line() {
    for (arguments, place) in BAD {
        let (said, code) = run(arguments);

        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        assert!(said.contains(place), "{arguments:?}: {said}");
    }
}

#[test]
fn bad_address_does_not_show_its_password() {
    let (said, code) = run(&["--redis.addr", "redis://user:CANARY-5f3a@127.0.0.1:notaport"]);

    assert_eq!(code, Some(2));
    assert!(!said.contains("CANARY-5f3a"), "{said}");
}

#[test]
fn help_and_version_are_data() {
    for (flag, expected) in [("--help", "--redis.addr"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let output = binary::command("redis-exporter").arg(flag).output().unwrap();

        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(expected), "{flag}");
        assert!(output.stderr.is_empty(), "{flag}");
    }
}
