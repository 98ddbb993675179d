//! One flight: a pipelined round trip on the kept connection.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use exporter_core::{Failure, Flight, Reason, Source};
use redis::Value;
use tracing::debug;

use crate::{
    collectors::{ALL, Collector, INFO, empty_databases},
    command::Command,
    connect::{Target, refusal},
    link::{Link, MOST_BYTES, Replies},
    reply::{self, message},
    scrapes::Scrapes,
    state::State,
};

/// Before core's deadline by this much a flight ends itself, so that the page also says how it ended.
const MARGIN: Duration = Duration::from_millis(20);

/// A command that the server refused is sent again after this long, since each refusal counts as an error there.
const REFUSED_FOR: Duration = Duration::from_mins(1);

/// Most round trips of one flight. The first tells what the server is, the second which primaries a Sentinel watches.
const MOST_ROUNDS: usize = 3;

/// The server that is watched.
#[derive(Debug)]
pub struct Server {
    target: Target,
    /// Taken out for the time of a flight: one that does not end well is not kept.
    link: Option<Link>,
    state: State,
    /// Commands not to be sent for now, by collector: since when, and what the server said.
    refused: HashMap<&'static str, (Instant, String)>,
    scrapes: Scrapes,
}

/// A collector with the commands that are sent for it.
type Question = (&'static dyn Collector, Vec<Command>);

/// How far a flight got.
#[derive(Debug, Default)]
struct Progress {
    asked: Vec<(&'static str, Vec<Command>)>,
    answered: bool,
    bytes: u64,
}

impl Server {
    pub(crate) fn new(target: Target) -> Self {
        Self { target, link: None, state: State::default(), refused: HashMap::new(), scrapes: Scrapes::default() }
    }

    async fn fly(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        self.state.begin();
        let mut progress = Progress::default();
        let mut outcome = Err(Failure::new(Reason::Closed, "not connected"));
        if let Some(mut link) = self.link.take() {
            outcome = self.rounds(&mut link, &mut progress, flight).await;
            if outcome.is_ok() {
                self.link = Some(link);
            }
        }
        // A kept connection can have died since the last flight, and says so at its first use.
        if matches!(&outcome, Err(failure) if failure.reason == Reason::Closed) && !progress.answered {
            let mut link = self.connect(flight).await?;
            outcome = self.rounds(&mut link, &mut Progress::default(), flight).await;
            if outcome.is_ok() {
                self.link = Some(link);
            }
        }
        outcome
    }

    async fn connect(&mut self, flight: &mut Flight) -> Result<Link, Failure> {
        self.state.forget();
        self.refused.clear();
        self.scrapes.connecting = None;
        let started = Instant::now();
        let link = self.target.connect().await?;
        self.scrapes.connecting = Some(started.elapsed());
        flight.connected();
        Ok(link)
    }

    /// Asks what is to be asked, and again what the replies have made a question.
    async fn rounds(&mut self, link: &mut Link, progress: &mut Progress, flight: &mut Flight) -> Result<(), Failure> {
        for _ in 0..MOST_ROUNDS {
            let questions = self.questions(progress, flight);
            if questions.is_empty() {
                break;
            }
            self.round(link, questions, progress, flight).await?;
        }
        if !progress.answered {
            // Everything is refused for now, but whether the server is there has to be known all the same.
            ping(link, flight).await?;
        }
        empty_databases(&self.state, flight.samples());
        Ok(())
    }

    /// What has not been asked in this flight, or was asked otherwise than it would be now.
    fn questions(&self, progress: &Progress, flight: &mut Flight) -> Vec<Question> {
        let mut questions = Vec::new();
        for collector in ALL {
            let (name, requests) = (collector.name(), collector.requests(&self.state));
            let asked = progress.asked.iter().rev().find(|(asked, _)| *asked == name);
            if requests.is_empty() || asked.is_some_and(|(_, before)| *before == requests) {
                continue;
            }
            match self.refused.get(name) {
                Some((since, cause)) if since.elapsed() < REFUSED_FOR => flight.failed(name, cause),
                _ => {
                    flight.expect(name);
                    questions.push((*collector, requests));
                }
            }
        }
        questions
    }

    async fn round(&mut self, link: &mut Link, questions: Vec<Question>, progress: &mut Progress, flight: &mut Flight) -> Result<(), Failure> {
        let mut packed = Vec::new();
        questions.iter().flat_map(|(_, requests)| requests).for_each(|request| request.pack(&mut packed));
        let mut replies = link.send(&packed, MOST_BYTES.saturating_sub(progress.bytes)).await?;
        for (collector, requests) in questions {
            let values = values(&mut replies, requests.len()).await?;
            progress.bytes = MOST_BYTES.saturating_sub(replies.budget());
            if !progress.answered {
                sense(collector, &values)?;
                progress.answered = true;
                flight.reached();
            }
            // A reply that came meanwhile can have made it another question: that one is asked in the next round.
            let current = collector.requests(&self.state) == requests;
            progress.asked.push((collector.name(), requests));
            if current {
                self.read(collector, &values, flight);
            }
        }
        Ok(())
    }

    fn read(&mut self, collector: &'static dyn Collector, values: &[Value], flight: &mut Flight) {
        let name = collector.name();
        match values.iter().find_map(unavailable) {
            Some(cause) => {
                debug!(collector = name, cause, "Command refused");
                self.refused.insert(name, (Instant::now(), cause));
                // Without INFO nothing is known of the server, so it is asked only what every version answers.
                self.state.server.get_or_insert_default();
            }
            None => {
                self.refused.remove(name);
            }
        }
        flight.read(name, |samples| collector.read(values, &mut self.state, samples));
    }
}

impl Source for Server {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        let started = Instant::now();
        let end = flight.deadline().checked_sub(MARGIN).unwrap_or_else(|| flight.deadline());
        let outcome = tokio::time::timeout_at(end, self.fly(flight)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Failure::new(Reason::Timeout, "no answer before the deadline")));
        self.scrapes.ended(started.elapsed(), outcome.as_ref().copied(), flight.samples());
        outcome
    }
}

/// Asks for a sign of life; one that is refused is one too.
async fn ping(link: &mut Link, flight: &mut Flight) -> Result<(), Failure> {
    let mut packed = Vec::new();
    Command::new(&["PING"]).pack(&mut packed);
    if let Value::ServerError(error) = link.send(&packed, MOST_BYTES).await?.next().await?
        && let Some(failure) = refusal(&error)
    {
        return Err(failure);
    }
    flight.reached();
    Ok(())
}

async fn values(replies: &mut Replies<'_>, count: usize) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        values.push(replies.next().await?);
    }
    Ok(values)
}

/// Whether the first reply is one of a server that can be read: an error that every command would meet is a failure, and
/// so is an INFO without a field, which no server sends.
fn sense(collector: &dyn Collector, values: &[Value]) -> Result<(), Failure> {
    let strange = || Failure::new(Reason::Protocol, format!("the reply to {} is not the server's", collector.name()));
    match values.first() {
        Some(Value::ServerError(error)) => refusal(error).map_or(Ok(()), Err),
        // No other command that is asked first answers with a status line.
        Some(Value::SimpleString(_)) | None => Err(strange()),
        Some(value) if collector.name() == INFO && !reply::text(value).is_ok_and(|text| text.contains(':')) => Err(strange()),
        Some(_) => Ok(()),
    }
}

/// What the server says of a command that it does not let us use: no right, or no such command.
fn unavailable(value: &Value) -> Option<String> {
    let Value::ServerError(error) = value else { return None };
    let unknown = error.details().is_some_and(|details| {
        let details = details.to_ascii_lowercase();
        details.contains("unknown command") || details.contains("unknown subcommand") || details.contains("cluster support disabled")
    });
    (error.code() == "NOPERM" || unknown).then(|| message(error))
}
