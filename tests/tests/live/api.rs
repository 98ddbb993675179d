//! Alerts about an API that answers with errors, is gone, is attacked, and whose users run out of units.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use it::http::{self, Connection, Response};
use it::live::Live;
use it::program::Program;
use it::{PATIENCE, binary, port, wait};
use serde_json::{Value, json};

/// What the page asks for.
const TOKEN: &str = "a token of letters";

/// Between two requests: enough for a rate, and little enough for a busy machine.
const PAUSE: Duration = Duration::from_millis(100);

/// The window of five minutes is ten seconds here, and a password takes long to check: fewer failed logins are an attack.
const SITE: &str = "thresholds:\n  brute_force_failed_logins: 10\n  brute_force_failed_logins_of_address: 5\n";

/// Where the guesses come from that are all of one address.
const ATTACKER: &str = "203.0.113.7";

/// The reference service, with everything in memory.
struct Api {
    program: Program,
    port: u16,
}

impl Api {
    fn start(arguments: &[&str]) -> Self {
        let port = port::free();
        let mut command = binary::command("selextract-api");
        command.args(["--web.listen-address", &format!("127.0.0.1:{port}")]).args(arguments);
        let mut api = Self { program: Program::start(command), port };
        api.until_healthy();
        api
    }

    fn until_healthy(&mut self) {
        let port = self.port;
        self.program.until("the API to be healthy", || http::get(port, "/health", &[]).ok().filter(|response| response.status == 200));
    }

    /// A new user's token.
    fn user(&self, name: &str) -> String {
        let user = json!({ "email": format!("{name}@example.com"), "password": "long enough" });
        assert_eq!(post(self.port, "/register", &[], &user).status, 201);
        let session: Value = serde_json::from_slice(&post(self.port, "/login", &[], &user).body).expect("a session");
        session["token"].as_str().expect("a token").to_owned()
    }

    /// Has a user consume or buy units.
    fn units(&self, token: &str, path: &str, wanted: &Value) {
        assert_eq!(post(self.port, path, &[("authorization", &format!("Bearer {token}"))], wanted).status, 200);
    }
}

/// Requests that go on until this is dropped.
struct Traffic {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Traffic {
    fn start(mut send: impl FnMut() + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                send();
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the API refused what it should answer");
        }
    }
}

fn post(port: u16, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let headers: Vec<_> = [("content-type", "application/json")].into_iter().chain(headers.iter().copied()).collect();
    Connection::open(port).and_then(|mut api| api.send("POST", path, &headers, body.to_string().as_bytes())).expect("the API answers")
}

/// A wrong password, as it comes through the proxy in front.
fn guess(port: u16, from: &str) {
    let guess = json!({ "email": "ada@example.com", "password": "a wrong guess" });
    assert_eq!(post(port, "/login", &[("x-forwarded-for", from)], &guess).status, 401);
}

fn summary(alert: &Value) -> &str {
    alert["annotations"]["summary"].as_str().expect("a summary")
}

/// Waits until failed logins of one address, or of all together, fire by themselves.
fn until_brute_force(live: &Live, address: Option<&str>) -> Value {
    let alert = || live.firing("BruteForceSuspected").into_iter().find(|alert| alert["labels"]["ip_address"].as_str() == address);
    wait::until(&format!("BruteForceSuspected of {address:?}"), PATIENCE * 3, alert)
}

#[test]
fn errors_and_silence_of_the_api_are_told_and_end() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(TOKEN.as_bytes()).unwrap();
    let mut api = Api::start(&["--metrics.token-file", &file.path().display().to_string()]);
    let port = api.port;
    assert_eq!(http::get(port, "/metrics", &[]).unwrap().status, 401);
    let mut live = Live::start_with_token(&[("selextract-api", port)], "", TOKEN);
    let ask = move |path: &str, status| assert_eq!(http::get(port, path, &[]).unwrap().status, status);
    let well = Traffic::start(move || ask("/test-endpoint", 200));
    // Until the first scrape there was no target to tell from.
    live.until_over("ApiDown");
    assert!(live.firing("ApiErrorRateHigh").is_empty());

    let failing = Traffic::start(move || ask("/test-endpoint?status=500", 500));

    let critical = live.until_firing("ApiErrorRateCritical");
    assert_eq!(critical["labels"]["instance"], format!("127.0.0.1:{port}"));
    assert!(summary(&critical).ends_with("% of its requests with a server error"), "{}", summary(&critical));
    live.until_firing("ApiErrorRateHigh");
    drop(failing);
    live.until_over("ApiErrorRateCritical");
    live.until_over("ApiErrorRateHigh");
    drop(well);

    api.program.kill();

    let down = live.until_firing("ApiDown");
    assert_eq!(summary(&down), format!("The API at 127.0.0.1:{port} does not answer Prometheus"));
    api.program.restart();
    api.until_healthy();
    live.until_over("ApiDown");
}

#[test]
fn attacks_and_low_units_are_told_and_end() {
    let api = Api::start(&["--trusted-proxies=1", "--rate-limit=100000"]);
    let port = api.port;
    let users = ["ada", "grace", "barbara"].map(|name| api.user(name));
    // One attempt before the first scrape: the address has its name one epoch sooner.
    guess(port, ATTACKER);
    let mut live = Live::start_at_site(&[("selextract-api", port)], SITE);
    assert!(live.firing("BruteForceSuspected").is_empty() && live.firing("ComputeUnitsLow").is_empty());

    for token in &users {
        api.units(token, "/units/consume", &json!({ "units": 45, "task_type": "export" }));
    }
    let one = Traffic::start(move || guess(port, ATTACKER));
    let mut last = 0_u8;
    let many = Traffic::start(move || {
        last = last.wrapping_add(1);
        guess(port, &format!("198.51.100.{last}"));
    });

    let all = until_brute_force(&live, None);
    assert!(summary(&all).starts_with("All addresses together have failed to log in about "), "{}", summary(&all));
    assert_eq!(summary(&live.until_firing("ComputeUnitsLow")), "3 users have few compute units left");
    let alone = until_brute_force(&live, Some(ATTACKER));
    assert!(summary(&alone).starts_with("203.0.113.7 alone has failed to log in about "), "{}", summary(&alone));
    assert!(live.firing("ComputeUnitsExhausted").is_empty(), "everybody has five units left");

    drop((one, many));
    for token in &users {
        api.units(token, "/units/purchase", &json!({ "units": 1_000, "plan": "team" }));
    }
    live.until_over("BruteForceSuspected");
    live.until_over("ComputeUnitsLow");
}
