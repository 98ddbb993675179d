//! A real Prometheus reads every form of the Redis exporter's page, and stores the same from each.

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
fn serve(page: Vec<u8>, content_type: &'static str) -> Server {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Server::start(move |_| Response { status: 200, headers: headers.clone(), body: page.clone() })
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
fn every_format_is_stored_alike() {
    let redis = Redis::start();
    let _replica = redis.replica();
    redis.exercise();
    let proxy = FaultProxy::start(redis.port());
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &format!("redis://127.0.0.1:{}", proxy.port())], &[]);
    // Values change from scrape to scrape, so all jobs read one collection.
    proxy.set(Fault::Delay(Duration::from_millis(100)));
    let pages = pages_of_one_collection(&exporter, "redis_exporter_collections_total");
    let text = serve(pages.text.into_bytes(), "text/plain; version=0.0.4; charset=utf-8");
    let open = serve(pages.openmetrics.into_bytes(), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let protobuf = serve(pages.protobuf, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited");

    // Prometheus 2.42 reads protobuf only with this feature.
    let jobs = [job("text", text.port()), job("open", open.port()), job("protobuf", protobuf.port())];
    let prometheus = Prometheus::with_features(&config(&jobs), &["native-histograms"]);
    prometheus.until_up(3);

    let count = |job: &str| stored(&prometheus, job).len();
    wait::until("all pages to be stored", PATIENCE, || ["text", "open", "protobuf"].iter().all(|job| count(job) > 0).then_some(()));
    assert_eq!(stored(&prometheus, "text"), stored(&prometheus, "open"));
    assert_eq!(stored(&prometheus, "text"), stored(&prometheus, "protobuf"));
    let edges = prometheus
        .query("count by (le) ({job=\"protobuf\", le!=\"\"})")
        .into_iter()
        .chain(prometheus.query("count by (quantile) ({job=\"protobuf\", quantile!=\"\"})"));
    for (labels, _) in edges {
        let edge = labels.values().next().expect("one label");
        assert!(edge.contains(['.', 'e', 'I']), "{edge} is not in float form");
    }
}

#[test]
fn prometheus_asks_for_protobuf_and_gets_it() {
    let redis = Redis::start();
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);

    let prometheus = Prometheus::with_features(&config(&[job("redis", exporter.port())]), &["native-histograms"]);
    prometheus.until_up(1);

    wait::until("redis_up", PATIENCE, || prometheus.query("redis_up == 1").pop());
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
