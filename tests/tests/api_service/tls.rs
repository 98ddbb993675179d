//! Stores that are reached over TLS only.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use it::port;
use it::postgres_server::{NOBODY, PostgresServer};
use it::program::{self, Program};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::geteuid;
use serde_json::json;

use crate::service::Service;

/// An authority, and a server's certificate and key that it signed.
struct Certificates {
    authority: String,
    server: String,
    key: String,
}

impl Certificates {
    fn new() -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let server = server.signed_by(&key, &Issuer::new(params, authority_key)).unwrap().pem();
        Self { authority, server, key: key.serialize_pem() }
    }

    /// Writes the server's two files, which only its user reads.
    fn write(&self, directory: &Path) {
        for (name, text) in [("server.crt", &self.server), ("server.key", &self.key)] {
            let file = directory.join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            if geteuid().is_root() {
                chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
    }
}

fn redis(certificates: &Certificates) -> (Program, u16) {
    let (directory, port) = (tempfile::tempdir().unwrap(), port::free());
    for (name, text) in [("server.crt", &certificates.server), ("server.key", &certificates.key)] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let mut command = program::command("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", "0", "--save", "", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
    command.args(["--tls-cert-file", "server.crt", "--tls-key-file", "server.key", "--tls-ca-cert-file", "server.crt"]);
    let mut redis = Program::start_in(directory, command);
    redis.until("redis to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
    (redis, port)
}

#[test]
fn stores_are_reached_over_tls_and_verified() {
    let certificates = Certificates::new();
    let mut postgres = PostgresServer::start(&[]);
    certificates.write(&postgres.program.directory().join("data"));
    postgres.sql("postgres", "ALTER SYSTEM SET ssl = on");
    postgres.restart();
    postgres.admit("hostssl all all 127.0.0.1/32 trust\n");
    let (_redis, port) = redis(&certificates);
    let files = tempfile::tempdir().unwrap();
    let start = |authority: &str| {
        let file = files.path().join("authority");
        fs::write(&file, authority).unwrap();
        Service::start(&[
            format!("--postgres.dsn=postgresql://postgres@127.0.0.1:{}/postgres?sslmode=verify-full", postgres.port()),
            format!("--redis.addr=rediss://127.0.0.1:{port}/1"),
            format!("--celery.broker-url=rediss://127.0.0.1:{port}/0"),
            format!("--tls.ca-file={}", file.display()),
        ])
    };

    let service = start(&certificates.authority);
    assert_eq!(service.register("ada@example.com"), 201);
    let ada = service.log_in("ada@example.com").unwrap();
    assert_eq!(service.post("/tasks", Some(&ada), &json!({ "task_type": "export" })).0, 202);
    let path = format!("/users/{}", ada.id);
    assert_eq!((service.get(&path, &ada).0, service.get(&path, &ada).0), (200, 200));
    assert!(service.sum("selextract_cache_requests_total", &["user", "hit"]) >= 1.0);
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'selextract-api' AND NOT ssl";
    assert_eq!(postgres.sql("postgres", plain), "0");

    let distrustful = start(&Certificates::new().authority);
    assert_eq!(distrustful.register("eve@example.com"), 503);
    assert_eq!(distrustful.log_in("ada@example.com").unwrap_err(), 503);
}
