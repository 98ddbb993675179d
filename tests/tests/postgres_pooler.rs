//! The `PostgreSQL` exporter behind `PgBouncer`, which hands a server's sessions from client to client.

use std::fs;

use it::exporter::Exporter;
use it::postgres_server::{PostgresServer, directory, try_sql, unprivileged};
use it::program::Program;
use it::{PATIENCE, port, wait};

/// A pooler in front of a server.
struct Pooler {
    port: u16,
    program: Program,
}

impl Pooler {
    fn start(server: &PostgresServer, settings: &str) -> Self {
        let (directory, port) = (directory(), port::free());
        let path = directory.path().to_owned();
        let databases = format!("[databases]\n* = host=127.0.0.1 port={}\n", server.port());
        let fixed = "[pgbouncer]\nlisten_addr = 127.0.0.1\nunix_socket_dir =\nauth_type = any\nserver_reset_query =\n";
        fs::write(path.join("pgbouncer.ini"), format!("{databases}{fixed}listen_port = {port}\n{settings}")).unwrap();
        // With this type of authentication, the server is spoken to as one user.
        let ini = fs::read_to_string(path.join("pgbouncer.ini")).unwrap().replace("host=127.0.0.1", "user=postgres host=127.0.0.1");
        fs::write(path.join("pgbouncer.ini"), ini).unwrap();
        let mut command = unprivileged("/usr/sbin/pgbouncer");
        command.arg(path.join("pgbouncer.ini"));
        let mut pooler = Self { port, program: Program::start_in(directory, command) };
        pooler.program.until("the pooler to answer", || try_sql(port, "postgres", "SELECT 1").ok());
        pooler
    }
}

/// Ways in which a pooler is set up: it refuses the session's parameters, or drops them without a word, and gives a server's
/// session to another client after each transaction, or when the client leaves.
const WAYS: [&str; 4] = [
    "pool_mode = transaction\n",
    "pool_mode = transaction\nignore_startup_parameters = options,extra_float_digits\ndefault_pool_size = 1\n",
    "pool_mode = session\n",
    "pool_mode = session\nignore_startup_parameters = options\n",
];

#[test]
fn pages_behind_a_pooler_are_whole() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE TABLE t (n int)");
    for settings in WAYS {
        let pooler = Pooler::start(&server, settings);
        let exporter = Exporter::start(
            "postgres-exporter",
            &["--background-interval=1s"],
            &[("DATA_SOURCE_NAME", &PostgresServer::dsn(pooler.port, "postgres", "postgres"))],
        );
        let complete = || {
            let page = exporter.scrape();
            assert_eq!(page.value("pg_up", &[]), Some(1.0), "{settings}: {}", exporter.program.log());
            assert!(page.family("pg_stat_database_numbackends").is_some() && page.family("pg_settings_max_connections").is_some(), "{settings}");
            page.family("pg_stat_user_tables_table_size_bytes").is_some().then_some(page)
        };
        wait::until("sizes", PATIENCE, complete);
        for _ in 0..10 {
            // Another client uses the same sessions of the server, and must not meet what we asked of ours.
            assert_eq!(try_sql(pooler.port, "postgres", "SHOW statement_timeout").unwrap(), "0", "{settings}");
            assert_eq!(try_sql(pooler.port, "postgres", "SHOW default_transaction_read_only").unwrap(), "off", "{settings}");
            let page = complete();
            let page = page.expect("sizes stay");
            assert_eq!(page.value("pg_exporter_last_scrape_error", &[]), Some(0.0), "{settings}: {}", exporter.program.log());
        }
    }
}
