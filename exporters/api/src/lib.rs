//! What an axum or tower service adds to be measured: the layer ([`http`]), business and security events ([`business`],
//! [`security`]), families that stay small whatever users and attackers send ([`bounded`]), the page that Prometheus scrapes
//! ([`metrics_page`]) and a webhook for Alertmanager ([`webhook`]).

pub mod bounded;
pub mod business;
pub mod client_address;
pub mod credentials;
pub mod http;
pub mod label;
pub mod metrics_page;
pub mod security;
pub mod webhook;

pub use business::{CacheResult, ProxyFailure, TaskStatus};
pub use client_address::{ClientAddress, TrustedProxies};
pub use credentials::Credentials;
pub use http::MetricsLayer;
pub use label::{CacheType, Currency, Plan, ProxyProvider, TaskType};
