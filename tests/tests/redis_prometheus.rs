//! A real Prometheus reads both forms of the Redis exporter's page, and stores the same from either.

use std::collections::BTreeMap;
use std::time::Duration;

use it::exporter::{Exporter, pages_of_one_collection};
use it::faults::{Fault, FaultProxy};
use it::http::Response;
use it::prometheus::Prometheus;
use it::redis::Redis;
use it::server::Server;
use it::{PATIENCE, wait};

/// What Prometheus adds to each scrape, and what tells the two apart.
const OF_THE_SCRAPE: &[&str] = &["up", "scrape_"];

/// A server of one page, whatever is asked for.
fn serve(page: String, content_type: &'static str) -> Server {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Server::start(move |_| Response { status: 200, headers: headers.clone(), body: page.clone().into_bytes() })
}

fn job(name: &str, port: u16) -> String {
    format!("{{job_name: {name}, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}")
}

fn config(jobs: &[String]) -> String {
    format!("{{global: {{scrape_interval: 1s, scrape_timeout: 1s}}, scrape_configs: [{}]}}", jobs.join(", "))
}

/// Series of a job without what names the job, with their values.
fn stored(prometheus: &Prometheus, job: &str) -> BTreeMap<String, String> {
    let series = prometheus.query(&format!("{{job=\"{job}\"}}")).into_iter();
    let kept = series.filter(|(labels, _)| !OF_THE_SCRAPE.iter().any(|start| labels["__name__"].starts_with(start)));
    let line = |(mut labels, value): (it::prometheus::Labels, f64)| {
        labels.retain(|name, _| name != "job" && name != "instance");
        (format!("{labels:?}"), value.to_string())
    };
    kept.map(line).collect()
}

#[test]
fn both_forms_are_stored_alike() {
    let redis = Redis::start();
    let _replica = redis.replica();
    redis.exercise();
    let proxy = FaultProxy::start(redis.port());
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &format!("redis://127.0.0.1:{}", proxy.port())], &[]);
    // Values change from scrape to scrape, so both jobs read one collection.
    proxy.set(Fault::Delay(Duration::from_millis(100)));
    let (text, open) = pages_of_one_collection(&exporter, "redis_exporter_collections_total");
    let text = serve(text, "text/plain; version=0.0.4; charset=utf-8");
    let open = serve(open, "application/openmetrics-text; version=1.0.0; charset=utf-8");

    let prometheus = Prometheus::with_config(&config(&[job("text", text.port()), job("open", open.port())]));
    prometheus.until_up(2);

    let count = |job: &str| stored(&prometheus, job).len();
    wait::until("both pages to be stored", PATIENCE, || (count("text") > 0 && count("open") > 0).then_some(()));
    assert_eq!(stored(&prometheus, "text"), stored(&prometheus, "open"));
}

#[test]
fn exporter_is_scraped_as_it_is() {
    let redis = Redis::start();
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);

    let prometheus = Prometheus::with_config(&config(&[job("redis", exporter.port())]));
    prometheus.until_up(1);

    let up = wait::until("redis_up", PATIENCE, || prometheus.query("redis_up").pop());
    assert_eq!((up.1.to_string().as_str(), up.0["job"].as_str()), ("1", "redis"));
    // Prometheus keeps one connection, and so does the exporter.
    wait::until("a few scrapes", PATIENCE, || {
        prometheus.query("redis_exporter_collections_total").pop().filter(|(_, collections)| *collections >= 3.0)
    });
    assert_eq!(exporter.scrape().value("redis_exporter_target_connections_total", &[]), Some(1.0));
}
