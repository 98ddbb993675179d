//! The generated files in a real Prometheus and Alertmanager, times divided: from what happens to who is told.

mod api;
mod celery;
mod delivery;
mod postgres;
mod restart;
mod routing;
