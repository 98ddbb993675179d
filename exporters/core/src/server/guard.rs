//! What stands before every path: the rate, then the login.

use std::{net::IpAddr, sync::Arc};

use hyper::{
    Request, StatusCode,
    header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE},
};

use super::{
    limits::{Limit, Limits},
    refusals::Refusal,
    routes::{Answer, plain},
    timed::{Phase, Stage},
};
use crate::web_config::{Credentials, Gate, WebConfig};

/// Asks for a login. RFC 7617
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"exporter\", charset=\"UTF-8\"");

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Guard {
    gate: Gate,
    limits: Arc<Limits>,
}

impl Guard {
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        Self { gate: Gate::new(), limits }
    }

    /// The answer to a request that may not pass.
    pub(super) async fn refusal<B>(&self, request: &Request<B>, peer: IpAddr, stage: &Stage, config: &Arc<WebConfig>) -> Option<Answer> {
        if !config.within_rate() {
            self.limits.hit(Limit::Rate);
            return Some(plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n"));
        }
        // Without users nobody is asked.
        config.users.as_ref()?;
        let header = request.headers().get(AUTHORIZATION);
        if let Some(header) = header {
            if let Some(credentials) = Credentials::read(header.as_bytes())
                && self.is_right(credentials, peer, stage, config).await
            {
                return None;
            }
            self.limits.refused(Refusal::Login, peer, &"unknown user or wrong password");
        }
        let mut answer = plain(StatusCode::UNAUTHORIZED, "a user and a password are required\n");
        answer.headers_mut().insert(WWW_AUTHENTICATE, BASIC);
        Some(answer)
    }

    /// Whether a login is right: at once if it was before, else when its turn has come.
    async fn is_right(&self, credentials: Credentials, peer: IpAddr, stage: &Stage, config: &Arc<WebConfig>) -> bool {
        let remembered = |credentials: &Credentials| config.users.as_ref().is_some_and(|users| users.remembers(credentials));
        if remembered(&credentials) {
            return true;
        }
        // Who waits for a login may have to make room for a scrape.
        stage.enter(Phase::Login);
        let Ok(turn) = self.gate.turn(peer).await else { return false };
        let right = remembered(&credentials) || {
            let config = Arc::clone(config);
            let check = tokio::task::spawn_blocking(move || {
                // Held here, so that a client that leaves does not let the next computation start beside this one.
                let _turn = turn;
                config.users.as_ref().is_some_and(|users| users.check(&credentials))
            });
            check.await.unwrap_or(false)
        };
        stage.enter(Phase::Answer);
        right
    }
}
