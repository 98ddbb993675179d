//! What the Redis exporter says about a configuration that it cannot use: one line that names the place, and exit code 2.

use it::program::Program;
use it::redis::Redis;
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

/// What `check` prints, and its exit code.
fn check(arguments: &[&str]) -> (String, Option<i32>) {
    let output = binary::command("redis-exporter").arg("check").args(arguments).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn check_says_what_works_and_what_does_not() {
    let redis = Redis::start();
    let (said, code) = check(&["--redis.addr", &redis.address()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("target ") && said.lines().all(|line| line.split_whitespace().nth(1) == Some("ok")), "{said}");

    redis.user("watcher", "secret", "+info +ping +client|setname");
    let (said, code) = check(&["--redis.addr", &redis.address(), "--redis.user=watcher", "--redis.password=secret"]);
    assert_eq!(code, Some(1), "{said}");
    let outcome = |name: &str| said.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    assert!(outcome("info ").is_some_and(|line| line.contains(" ok ")), "{said}");
    assert!(outcome("slowlog_get ").is_some_and(|line| line.contains(" failed ") && line.contains("NOPERM")), "{said}");

    let (said, code) = check(&["--redis.addr", &redis.address(), "--redis.user=watcher", "--redis.password=wrong"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("target  failed  auth: "), "{said}");

    let (said, code) = check(&["--redis.addr", &format!("redis://127.0.0.1:{}", port::free())]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("target  failed  refused: "), "{said}");
}
