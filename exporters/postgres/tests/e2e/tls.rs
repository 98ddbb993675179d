//! Encrypted connections: what is verified, and what a failure is called.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::{exporter::Exporter, page::Page, postgres::Postgres};

/// An authority, and files that it signed.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key for a host or a role.
    fn sign(&self, name: &str) -> (String, String) {
        self.sign_with(name, CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    /// The same, but its time is long over.
    fn sign_expired(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        self.sign_with(name, params)
    }

    fn sign_with(&self, name: &str, mut params: CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Writes a file that only its owner reads, and gives it to whoever owns the folder.
fn write(directory: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::MetadataExt;
    let file = directory.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let owner = fs::metadata(directory).unwrap();
    std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    file.to_str().unwrap().to_owned()
}

/// A server whose certificate is for `localhost`; the role `certified` shows a certificate, `me` a password.
fn server(authority: &Authority) -> Postgres {
    let mut postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE ROLE me LOGIN PASSWORD 'secret';;CREATE ROLE certified LOGIN");
    let data = postgres.directory.path().join("data");
    let (certificate, key) = authority.sign("localhost");
    write(&data, "server.crt", &certificate);
    write(&data, "server.key", &key);
    write(&data, "ca.crt", &authority.pem);
    let rules = "hostssl all certified 127.0.0.1/32 cert\nhostssl all me 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n";
    write(&data, "pg_hba.conf", rules);
    postgres.sql("postgres", "ALTER SYSTEM SET ssl = on;;ALTER SYSTEM SET ssl_ca_file = 'ca.crt'");
    postgres.restart();
    postgres
}

fn scrape(dsn: &str) -> Page {
    Exporter::start(dsn, &[]).scrape()
}

#[test]
fn certificates_are_verified_as_asked() {
    let (authority, other) = (Authority::new(), Authority::new());
    let postgres = server(&authority);
    let files = TempDir::new().unwrap();
    let root = write(files.path(), "root.crt", &authority.pem);
    let wrong = write(files.path(), "wrong.crt", &other.pem);
    let dsn =
        |host: &str, rest: &str| format!("host={host} hostaddr=127.0.0.1 port={} user=me password=secret dbname=postgres {rest}", postgres.port);
    for (host, rest, reason) in [
        ("localhost", format!("sslmode=verify-full sslrootcert={root}"), None),
        ("elsewhere", format!("sslmode=verify-full sslrootcert={root}"), Some("tls")),
        ("elsewhere", format!("sslmode=verify-ca sslrootcert={root}"), None),
        ("localhost", format!("sslmode=verify-ca sslrootcert={wrong}"), Some("tls")),
        ("localhost", "sslmode=verify-full sslrootcert=/does/not/exist".to_owned(), Some("tls")),
        ("elsewhere", "sslmode=require".to_owned(), None),
        ("elsewhere", "sslmode=require channel_binding=require".to_owned(), None),
        ("elsewhere", "sslmode=prefer".to_owned(), None),
        ("localhost", "sslmode=disable".to_owned(), Some("auth")),
    ] {
        let page = scrape(&dsn(host, &rest));
        match reason {
            None => assert_eq!(page.value("pg_up"), Some(1.0), "{host} {rest}: {}", page.text),
            Some(reason) => assert_eq!(page.value(&format!("pg_up_reason{{reason=\"{reason}\"}}")), Some(1.0), "{host} {rest}: {}", page.text),
        }
    }
}

#[test]
fn client_shows_its_certificate() {
    let authority = Authority::new();
    let postgres = server(&authority);
    let files = TempDir::new().unwrap();
    let root = write(files.path(), "root.crt", &authority.pem);
    let (certificate, key) = authority.sign("certified");
    let (certificate, key) = (write(files.path(), "client.crt", &certificate), write(files.path(), "client.key", &key));
    let base = format!("postgresql://certified@localhost:{}/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}", postgres.port);
    assert_eq!(scrape(&format!("{base}&sslcert={certificate}&sslkey={key}")).value("pg_up"), Some(1.0));
    assert_eq!(scrape(&base).value("pg_up_reason{reason=\"auth\"}"), Some(1.0));
}

#[test]
fn expired_certificate_is_told_and_replaced() {
    let authority = Authority::new();
    let mut postgres = server(&authority);
    let files = TempDir::new().unwrap();
    let root = write(files.path(), "root.crt", &authority.pem);
    let data = postgres.directory.path().join("data");
    let mut serve = |(certificate, key): (String, String)| {
        write(&data, "server.crt", &certificate);
        write(&data, "server.key", &key);
        postgres.restart();
        postgres.port
    };
    let port = serve(authority.sign_expired("localhost"));
    let dsn = format!("host=localhost hostaddr=127.0.0.1 port={port} user=me password=secret dbname=postgres sslmode=verify-full sslrootcert={root}");
    let exporter = Exporter::start(&dsn, &[]);

    let page = exporter.scrape();

    assert_eq!(page.value("pg_up_reason{reason=\"tls\"}"), Some(1.0), "{}", page.text);
    assert!(exporter.log().to_lowercase().contains("expired"), "{}", exporter.log());
    serve(authority.sign("localhost"));
    assert_eq!(exporter.scrape().value("pg_up"), Some(1.0), "{}", exporter.log());
}

#[test]
fn plain_server_is_no_secure_one() {
    let postgres = Postgres::start(&[]);
    let page = scrape(&format!("host=127.0.0.1 port={} user=postgres sslmode=require", postgres.port));
    assert_eq!(page.value("pg_up_reason{reason=\"tls\"}"), Some(1.0), "{}", page.text);
}
