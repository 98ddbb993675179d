//! What every exporter says of itself, under its own namespace (`redis_up`, `pg_up`, …).

use crate::{Counter, Definition, Gauge, Metric};

/// Why a target could not be read: the closed set of `<ns>_up_reason{reason}`.
pub const REASONS: &[&str] = &[
    "refused",
    "unreachable",
    "dns",
    "timeout",
    "closed",
    "auth",
    "permission",
    "tls",
    "protocol",
    "too_many_connections",
    "starting",
    "too_large",
    "internal",
];

/// Why a sample that a collector sent is not on the page.
pub const DROPS: &[&str] = &["duplicate", "conflict", "series_limit", "family_limit", "invalid"];

/// Which of the HTTP server's limits ended a connection or a request.
pub const HTTP_LIMITS: &[&str] =
    &["connections", "head_timeout", "write_timeout", "idle_timeout", "waiting_scrapes", "tls_handshake_timeout", "rate"];

/// Why the HTTP server did not serve a connection or a request.
pub const HTTP_REFUSALS: &[&str] = &["accept", "tls_handshake", "client_certificate", "login"];

/// The list itself: handed to `$with!` after the namespace, so that statics and struct are made from one text.
macro_rules! entries {
    ($with:ident $($namespace:literal)?) => {
        $with! { $($namespace)?;
            /// 1 if the last scrape reached the target, 0 if not
            up UP: Gauge = "_up" [] upstream;
            /// 1 for the reason why the last scrape did not reach the target; absent while it does
            up_reason UP_REASON: Gauge = "_up_reason" ["reason"] closed(&[("reason", $crate::exporter::REASONS)]);
            /// Version, source revision and compiler of the running exporter
            build_info BUILD_INFO: Gauge = "_exporter_build_info" ["version", "revision", "rustversion"] upstream;
            /// Seconds from the start of the collection until the collector's reply was read
            collector_duration COLLECTOR_DURATION: Gauge = "_exporter_collector_duration_seconds" ["collector"];
            /// 1 if the collector succeeded in the last scrape, 0 if not
            collector_success COLLECTOR_SUCCESS: Gauge = "_exporter_collector_success" ["collector"];
            /// Time at which the collector last succeeded
            collector_last_success COLLECTOR_LAST_SUCCESS: Gauge = "_exporter_collector_last_success_timestamp_seconds" ["collector"];
            /// Collections from the target; concurrent scrapes share one
            collections COLLECTIONS: Counter = "_exporter_collections_total" [];
            /// Connections opened to the target
            connections COLLECTION_CONNECTIONS: Counter = "_exporter_target_connections_total" [];
            /// Samples left out of the page because they would have broken it or a limit
            dropped DROPPED: Counter = "_exporter_samples_dropped_total" ["reason"] closed(&[("reason", $crate::exporter::DROPS)]);
            /// Label values cut at the length limit
            truncated TRUNCATED: Counter = "_exporter_label_values_truncated_total" [];
            /// Open HTTP connections of scrapers and other clients
            http_connections HTTP_CONNECTIONS: Gauge = "_exporter_http_connections" [];
            /// Connections and requests ended by a limit of the HTTP server
            http_limited HTTP_LIMITED: Counter = "_exporter_http_limited_total" ["limit"] closed(&[("limit", $crate::exporter::HTTP_LIMITS)]);
            /// Connections that could not be accepted or secured, and requests with a wrong login
            http_refused HTTP_REFUSED: Counter = "_exporter_http_refused_total" ["reason"] closed(&[("reason", $crate::exporter::HTTP_REFUSALS)]);
            /// 1 if the web configuration is as the file says, 0 if the last good one holds; absent without one
            web_config_reload_success WEB_CONFIG_RELOAD_SUCCESS: Gauge = "_exporter_web_config_reload_success" [];
            /// Time at which the web configuration was last read without an error; absent without one
            web_config_last_reload_success WEB_CONFIG_LAST_RELOAD_SUCCESS: Gauge = "_exporter_web_config_last_reload_success_timestamp_seconds" [];
            /// Time at which the first certificate of the server's chain expires; absent without TLS
            web_certificate_expiry WEB_CERTIFICATE_EXPIRY: Gauge = "_exporter_web_certificate_expiry_timestamp_seconds" [];
        }
    };
}

macro_rules! structure {
    (; $( #[doc = $help:literal] $field:ident $id:ident: $kind:ident = $suffix:literal [$($label:literal),*] $($mark:ident $(($value:expr))?)*; )*) => {
        /// The handles of one exporter's own metrics.
        #[derive(Clone, Copy, Debug)]
        pub struct Exporter {
            /// First word of every name: `redis`.
            pub namespace: &'static str,
            $( #[doc = $help] pub $field: &'static Metric<$kind, { <[&str]>::len(&[$($label),*]) }>, )*
        }

        impl Exporter {
            /// Every one of them.
            pub fn metrics(&self) -> impl Iterator<Item = &'static Definition> + use<> {
                [$(self.$field.definition()),*].into_iter()
            }
        }
    };
}
entries!(structure);

/// Declares the statics, `ALL` and `EXPORTER` of one namespace.
macro_rules! statics {
    ($namespace:literal; $( #[doc = $help:literal] $field:ident $id:ident: $kind:ident = $suffix:literal [$($label:literal),*] $($mark:ident $(($value:expr))?)*; )*) => {
        $( #[doc = $help]
           pub static $id: $crate::Metric<$crate::$kind, { <[&str]>::len(&[$($label),*]) }> =
               $crate::Metric::new(concat!($namespace, $suffix), &[$($label),*], $help)$(.$mark($($value)?))*; )*

        /// Every entry above, in this order.
        pub const ALL: &[&$crate::Definition] = &[$($id.definition()),*];

        /// The same entries by field.
        pub static EXPORTER: $crate::exporter::Exporter = $crate::exporter::Exporter { namespace: $namespace, $($field: &$id),* };
    };
}

pub(crate) use {entries, statics};
