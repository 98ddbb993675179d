//! Events as clients and workers publish them.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};

/// Events of one task, and tasks of one list.
pub(crate) const OF_TASK: u64 = 4;
pub(crate) const LIST_TASKS: usize = 3;

/// One task of so many fails.
pub(crate) const FAILS: u32 = 20;

const NAMES: u64 = 1000;
const WORKERS: u64 = 50;

/// Below this the subscriber keeps up.
const BACKLOG_BYTES: u64 = 2 << 20;

/// The name of a task: of a thousand.
pub(crate) fn name(task: u64) -> String {
    format!("app.tasks.name_{:04}", task % NAMES)
}

/// Publishes tasks, and waits where the subscriber does not keep up.
pub(crate) fn publish(port: u16, tasks: u64, name: impl Fn(u64) -> String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for first in (0..tasks).step_by(300) {
        let mut bytes = Vec::new();
        let messages = (first..(first + 300).min(tasks)).step_by(LIST_TASKS).map(|task| list(task, &name));
        let sent = messages.map(|message| command(&message, &mut bytes)).count();
        stream.write_all(&bytes).unwrap();
        answers(&mut stream, sent);
        while backlog(&mut stream) > BACKLOG_BYTES {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Publishes tasks at so many events a second; gives the rate that came of it.
pub(crate) fn at_rate(port: u16, tasks: u64, rate: u32) -> f64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let begun = Instant::now();
    for first in (0..tasks).step_by(30) {
        let due = Duration::from_secs(first * OF_TASK) / rate;
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        let mut bytes = Vec::new();
        let messages = (first..(first + 30).min(tasks)).step_by(LIST_TASKS).map(|task| list(task + 10_000_000, name));
        let sent = messages.map(|message| command(&message, &mut bytes)).count();
        stream.write_all(&bytes).unwrap();
        answers(&mut stream, sent);
    }
    f64::from(u32::try_from(tasks * OF_TASK).unwrap()) / begun.elapsed().as_secs_f64()
}

/// Publishes one event of a task with a name of its own; gives when.
pub(crate) fn mark(port: u16, number: u32) -> Instant {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let event =
        format!(r#"{{"type": "task-received", "uuid": "mark-{number}", "name": "mark_{number}", "hostname": "w@h", "timestamp": {:.6}}}"#, now());
    let mut bytes = Vec::new();
    command(&envelope(&event), &mut bytes);
    let published = Instant::now();
    stream.write_all(&bytes).unwrap();
    answers(&mut stream, 1);
    published
}

/// A message with the events of three tasks.
pub(crate) fn list(first: u64, name: impl Fn(u64) -> String) -> String {
    let now = now();
    let mut events = Vec::new();
    for task in first..first + 3 {
        let id = format!("{:08x}-6fe1-408a-b59d-{:012x}", task.wrapping_mul(2_654_435_761) % (1 << 32), task);
        let (name, common) = (name(task), format!(r#""utcoffset": 0.0, "pid": 29353, "clock": {task}, "uuid": "{id}", "timestamp": {now:.7}"#));
        let arguments = format!(
            r#""name": "{name}", "args": "(1, 2, 'a text of some length')", "kwargs": "{{}}", "root_id": "{id}", "parent_id": null, "retries": 0, "eta": null, "expires": null"#
        );
        events.push(format!(
            r#"{{"hostname": "gen1@client", {common}, "type": "task-sent", {arguments}, "queue": "celery", "exchange": "", "routing_key": "celery"}}"#
        ));
        // A name belongs to a worker.
        let common = format!(r#""hostname": "worker{:02}@host-{}", {common}"#, task % NAMES % WORKERS, task % 7);
        events.push(format!(r#"{{{common}, "type": "task-received", {arguments}}}"#));
        events.push(format!(r#"{{{common}, "type": "task-started"}}"#));
        events.push(if task % u64::from(FAILS) == 0 {
            format!(r#"{{{common}, "type": "task-failed", "exception": "ValueError('id={task}')", "traceback": "{}"}}"#, "x".repeat(200))
        } else {
            format!(r#"{{{common}, "type": "task-succeeded", "result": "'{}'", "runtime": 0.0123}}"#, "x".repeat(200))
        });
    }
    envelope(&format!("[{}]", events.join(", ")))
}

fn envelope(body: &str) -> String {
    let body = STANDARD.encode(body);
    format!(
        r#"{{"body": "{body}", "content-encoding": "utf-8", "content-type": "application/json", "headers": {{"hostname": "w"}}, "properties": {{"delivery_mode": 1, "delivery_info": {{"exchange": "celeryev", "routing_key": "task.multi"}}, "priority": 0, "body_encoding": "base64", "delivery_tag": "a6784dae-dcfa-4e66-944d-e22a0354da27"}}}}"#
    )
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Appends the command that publishes a message.
pub(crate) fn command(message: &str, out: &mut Vec<u8>) {
    let mut text = String::new();
    write!(text, "*3\r\n$7\r\nPUBLISH\r\n$22\r\n/0.celeryev/task.multi\r\n${}\r\n{message}\r\n", message.len()).unwrap();
    out.extend_from_slice(text.as_bytes());
}

/// Reads so many short answers.
pub(crate) fn answers(stream: &mut TcpStream, mut count: usize) {
    let mut buffer = [0; 4096];
    while count > 0 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the server has gone");
        count -= buffer.iter().take(read).filter(|byte| **byte == b'\n').count();
    }
}

/// Bytes that the server holds for the subscriber.
fn backlog(stream: &mut TcpStream) -> u64 {
    stream.write_all(b"*4\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n$4\r\nTYPE\r\n$6\r\npubsub\r\n").unwrap();
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let whole = text
            .split_once("\r\n")
            .is_some_and(|(head, rest)| head.trim_start_matches('$').parse::<usize>().is_ok_and(|length| rest.len() >= length + 2));
        if whole {
            break;
        }
    }
    text.split("omem=").skip(1).filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok()).sum()
}
