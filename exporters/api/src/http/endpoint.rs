//! From a request to the handles of its method and route; they are looked up once for each pair.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use axum::extract::MatchedPath;
use foldhash::fast::RandomState;
use http::Request;

use super::{
    instruments::{Families, Instruments},
    method::{self, METHODS},
};

/// Endpoint of a request that no route matched: its path is the client's to choose.
const UNMATCHED: &str = "unmatched";

/// One method and route.
#[derive(Debug)]
pub(super) struct Endpoint {
    route: Box<str>,
    excluded: bool,
    instruments: Instruments,
}

impl Endpoint {
    pub(super) const fn instruments(&self) -> &Instruments {
        &self.instruments
    }
}

type ByRoute = HashMap<Box<str>, Arc<Endpoint>, RandomState>;

/// What all services of a layer share.
#[derive(Debug)]
pub(super) struct Endpoints {
    families: Families,
    excluded: Vec<String>,
    /// Endpoint of every request, where there is no router to tell.
    fixed: Option<Box<str>>,
    known: [RwLock<ByRoute>; METHODS],
}

/// What one wrapped service has found so far: under a router that is one route, so nothing else is looked up.
#[derive(Debug)]
pub(super) struct Local {
    endpoints: Arc<Endpoints>,
    slots: [OnceLock<Arc<Endpoint>>; METHODS],
}

impl Endpoints {
    pub(super) fn new(families: Families, excluded: Vec<String>, fixed: Option<Box<str>>) -> Self {
        Self { families, excluded, fixed, known: Default::default() }
    }

    fn resolve(&self, method: usize, route: &str) -> Arc<Endpoint> {
        let Some(known) = self.known.get(method) else { return self.make(method, route) };
        if let Some(endpoint) = known.read().unwrap_or_else(PoisonError::into_inner).get(route) {
            return Arc::clone(endpoint);
        }
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(route.into()).or_insert_with(|| self.make(method, route)))
    }

    fn make(&self, method: usize, route: &str) -> Arc<Endpoint> {
        let excluded = self.excluded.iter().any(|path| path == route);
        let instruments = if excluded { Instruments::Silent } else { self.families.resolve(method::name(method), route) };
        Arc::new(Endpoint { route: route.into(), excluded, instruments })
    }
}

impl Local {
    pub(super) fn new(endpoints: &Arc<Endpoints>) -> Arc<Self> {
        Arc::new(Self { endpoints: Arc::clone(endpoints), slots: Default::default() })
    }

    /// The endpoint of a request, or `None` if it is not to be measured.
    pub(super) fn of<B>(&self, request: &Request<B>) -> Option<Arc<Endpoint>> {
        let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = matched.or(self.endpoints.fixed.as_deref());
        if route.is_none() && self.endpoints.excluded.iter().any(|path| path == request.uri().path()) {
            return None;
        }
        let route = route.unwrap_or(UNMATCHED);
        let method = method::index(request.method());
        let first = self.slots.get(method)?.get_or_init(|| self.endpoints.resolve(method, route));
        let endpoint = if *first.route == *route { Arc::clone(first) } else { self.endpoints.resolve(method, route) };
        (!endpoint.excluded).then_some(endpoint)
    }
}
