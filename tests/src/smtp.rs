//! A mail server that keeps what it is sent.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A client that is silent for longer has gone.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One mail, as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    /// When it was complete.
    pub at: Instant,
    /// Sender, from the envelope.
    pub from: String,
    /// Recipients, from the envelope.
    pub to: Vec<String>,
    /// What came with AUTH PLAIN, in base64; empty if the client did not log in.
    pub credentials: String,
    /// Headers and body, with quoted-printable undone.
    pub text: String,
}

impl Mail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default()
    }
}

/// Takes every mail from anybody, without TLS and with any password.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    stopping: Arc<AtomicBool>,
}

impl MailServer {
    /// Listens on a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let (mails, stopping) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&mails), Arc::clone(&stopping));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let kept = Arc::clone(&kept);
                // A client that leaves in the middle is its own affair.
                thread::spawn(move || stream.and_then(|stream| Session::new(&stream, &kept)?.run()));
            }
        });
        Self { port, mails, stopping }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that arrived so far, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; if nobody can connect any more, it has ended already.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// One connection.
struct Session<'a> {
    input: BufReader<TcpStream>,
    output: TcpStream,
    mails: &'a Mutex<Vec<Mail>>,
    credentials: String,
    from: String,
    to: Vec<String>,
}

impl<'a> Session<'a> {
    fn new(stream: &TcpStream, mails: &'a Mutex<Vec<Mail>>) -> io::Result<Self> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        let (input, output) = (BufReader::new(stream.try_clone()?), stream.try_clone()?);
        Ok(Self { input, output, mails, credentials: String::new(), from: String::new(), to: Vec::new() })
    }

    /// Answers commands until the client says goodbye.
    fn run(mut self) -> io::Result<()> {
        self.say("220 sink")?;
        loop {
            let line = self.line()?;
            let (command, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match command.to_ascii_uppercase().as_str() {
                "EHLO" => self.say("250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN")?,
                "AUTH" => {
                    rest.trim_start_matches("PLAIN").trim().clone_into(&mut self.credentials);
                    self.say("235 welcome")?;
                }
                "MAIL" => {
                    self.from = address(rest);
                    self.to.clear();
                    self.say("250 ok")?;
                }
                "RCPT" => {
                    self.to.push(address(rest));
                    self.say("250 ok")?;
                }
                "DATA" => self.data()?,
                "QUIT" => return self.say("221 goodbye"),
                "HELO" | "RSET" | "NOOP" => self.say("250 ok")?,
                _ => self.say("502 not here")?,
            }
        }
    }

    fn data(&mut self) -> io::Result<()> {
        self.say("354 go on")?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            match line.strip_prefix('.') {
                Some("") => break,
                // A dot at the start of a line is doubled on the way.
                Some(rest) => lines.push(rest.to_owned()),
                None => lines.push(line),
            }
        }
        let mail =
            Mail { at: Instant::now(), from: self.from.clone(), to: self.to.clone(), credentials: self.credentials.clone(), text: plain(&lines) };
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
        self.say("250 kept")
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        write!(self.output, "{line}\r\n")
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// What stands between the angle brackets.
fn address(rest: &str) -> String {
    rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(rest, |(address, _)| address).to_owned()
}

/// Lines with quoted-printable undone: `=` and two digits are a byte, and `=` at the end joins two lines.
fn plain(lines: &[String]) -> String {
    let mut bytes = Vec::new();
    for line in lines {
        let mut rest = line.as_bytes();
        let joined = rest.strip_suffix(b"=");
        rest = joined.unwrap_or(rest);
        while let Some((first, tail)) = rest.split_first() {
            let code = tail.get(..2).filter(|_| *first == b'=').and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
            bytes.push(code.unwrap_or(*first));
            rest = if code.is_some() { &tail[2..] } else { tail };
        }
        if joined.is_none() {
            bytes.push(b'\n');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PATIENCE, wait};

    #[test]
    fn a_mail_is_kept_as_it_was_written() {
        let server = MailServer::start();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).unwrap();
        let said = "EHLO x\r\nAUTH PLAIN AHUAcA==\r\nMAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n\
                    Subject: [FIRING] x\r\n\r\none=3Dtwo =\r\nthree\r\n..\r\n.\r\nQUIT\r\n";

        stream.write_all(said.as_bytes()).unwrap();

        let mail = wait::until("the mail", PATIENCE, || server.mails().pop());
        assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("a@b", ["c@d".to_owned(), "e@f".to_owned()].as_slice()));
        assert_eq!((mail.credentials.as_str(), mail.subject()), ("AHUAcA==", "[FIRING] x"));
        assert_eq!(mail.text, "Subject: [FIRING] x\n\none=two three\n.\n");
    }
}
