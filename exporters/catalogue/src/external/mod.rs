//! Metrics of programs that stay upstream, as far as our rules and dashboards read them.

pub mod alertmanager;
pub mod grafana;
pub mod node;
pub mod prometheus;

/// What Prometheus adds to every target itself.
pub mod target {
    crate::catalogue! {
        /// 1 if the target answered the last scrape, 0 if not
        UP: Gauge = "up" [] upstream;
        /// Seconds that the last scrape took
        SCRAPE_DURATION: Gauge = "scrape_duration_seconds" [] upstream;
        /// Samples that the target exposed
        SCRAPE_SAMPLES: Gauge = "scrape_samples_scraped" [] upstream;
        /// Samples left after metric relabelling
        SCRAPE_SAMPLES_KEPT: Gauge = "scrape_samples_post_metric_relabeling" [] upstream;
        /// Series that were new in the last scrape
        SCRAPE_SERIES_ADDED: Gauge = "scrape_series_added" [] upstream;
    }
}
