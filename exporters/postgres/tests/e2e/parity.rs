//! Side by side with Debian's exporter on the same server: what it shows, ours shows too.

use std::process::Stdio;

use crate::{
    exporter::{Exporter, get},
    page::Page,
    postgres::Postgres,
    program::{Program, command, free_port, until},
};

/// Families that are about the peer's own runtime.
const RUNTIME: [&str; 3] = ["go_", "promhttp_", "process_"];

/// The peer's version gave every series the name of the server; its successor gave that up, and so do we, except where it is
/// kept there too.
const GIVEN_UP: &str = "server";

/// Families whose labels its successor extended.
const EXTENDED: [&str; 2] = ["pg_stat_activity_count", "pg_stat_activity_max_tx_duration"];

/// Labels that say nothing of an exporter that is not written in Go.
const BUILD: &str = "postgres_exporter_build_info";

#[test]
fn nothing_of_the_peer_is_missing() {
    let postgres = Postgres::start(&["wal_level=logical", "archive_mode=on", "archive_command=true"]);
    postgres.sql("postgres", "SELECT pg_create_physical_replication_slot('slot', true);;SELECT pg_switch_wal()");
    until("a file to be archived", || (postgres.sql("postgres", "SELECT archived_count > 0 FROM pg_stat_archiver") == "t").then_some(()));
    let port = free_port();
    let mut peer = command("prometheus-postgres-exporter");
    peer.arg(format!("--web.listen-address=127.0.0.1:{port}")).env("DATA_SOURCE_NAME", postgres.dsn("postgres", "postgres"));
    let _peer = Program::start(peer.stdout(Stdio::null()).stderr(Stdio::null()), "prometheus-postgres-exporter");
    let theirs = until("the peer to answer", || {
        let (_, body) = get(port, "/metrics", "").ok()?;
        body.contains("pg_stat_database_numbackends").then(|| Page::new(&body))
    });
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    let ours = until("sizes", || Some(exporter.scrape()).filter(|page| page.has("pg_database_size_bytes")));

    let (our_types, our_labels) = (ours.families(), ours.labels());
    for (family, kind) in theirs.families() {
        // What the server does not tell is NaN there and absent here.
        let known =
            theirs.text.lines().any(|line| line.strip_prefix(family).is_some_and(|rest| rest.starts_with(['{', ' ']) && !rest.ends_with(" NaN")));
        if RUNTIME.iter().any(|prefix| family.starts_with(prefix)) || !known {
            continue;
        }
        let Some(our_kind) = our_types.get(family) else { panic!("{family} is missing") };
        assert!(kind == *our_kind || kind == "untyped", "{family} is a {our_kind}, not a {kind}");
        for labels in &theirs.labels()[family] {
            let known = |labels: &&str| *labels != GIVEN_UP && family != BUILD;
            let wanted: Vec<&str> = labels.iter().copied().filter(known).collect();
            let found = our_labels[family].iter().any(|ours| {
                let ours: Vec<&str> = ours.iter().copied().filter(known).collect();
                ours == wanted || EXTENDED.contains(&family) && wanted.iter().all(|label| ours.contains(label))
            });
            assert!(found, "{family} with labels {labels:?} is missing, there is {:?}", our_labels[family]);
        }
    }
}
