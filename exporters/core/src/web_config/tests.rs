use std::{fs, os::unix::fs::PermissionsExt};

use super::{
    pki::{Pki, Wanted},
    *,
};
use crate::log::captured::Captured;

/// A hash of cost 4, of the password `x`.
const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";

/// What the start of an exporter says of this file, with the directory taken out.
fn fault(pki: &Pki, yaml: &str) -> String {
    let path = pki.write("web.yml", yaml);
    let error = Web::start(Some(&path)).expect_err(yaml).to_string();
    error.replace(&format!("{}/", path.parent().unwrap().display()), "")
}

/// Keys of `tls_server_config`.
const TLS_KEYS: &str = "cert, key, client_ca, cert_file, key_file, client_ca_file, client_auth_type, client_allowed_sans, min_version, max_version, \
                        cipher_suites, curve_preferences, prefer_server_cipher_suites";

/// Suites of TLS 1.2 that are spoken.
const SUITES: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, \
                      TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, \
                      TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";

/// Lines 1 to 3 of a secured configuration.
const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

fn check(pki: &Pki, cases: &[(&str, &str)]) {
    for (yaml, expected) in cases {
        assert_eq!(fault(pki, yaml), expected.replace("TLS_KEYS", TLS_KEYS).replace("SUITES", SUITES), "{yaml}");
    }
}

/// The same with each text behind a good certificate and key.
fn check_tls(cases: &[(&str, &str)]) {
    let pki = Pki::new();
    pki.write("empty.pem", "");
    for (rest, expected) in cases {
        let expected = format!("web.yml:{}", expected.replace("SUITES", SUITES));
        assert_eq!(fault(&pki, &format!("{TLS}  {rest}\n")), expected, "{rest}");
    }
}

#[test]
fn wrong_keys_are_named() {
    check(
        &Pki::new(),
        &[
            ("nonsense", "web.yml: found \"nonsense\", expected a mapping"),
            ("- a\n", "web.yml: found a list, expected a mapping"),
            (
                "tls_config:\n  x: 1\n",
                "web.yml:1: found key \"tls_config\", expected one of tls_server_config, http_server_config, basic_auth_users, rate_limit",
            ),
            ("http_server_config: {}\nrate_limit: 5\n", "web.yml:2: rate_limit: found \"5\", expected a mapping"),
            ("http_server_config: {}\nhttp_server_config: {}\n", "web.yml:2: found key \"http_server_config\" twice, expected once"),
        ],
    );
}

#[test]
fn unreadable_file_is_named() {
    let pki = Pki::new();
    let path = pki.path("web.yml");
    let said = || Web::start(Some(&path)).unwrap_err().to_string().replace(&format!("{}", path.display()), "web.yml");
    assert_eq!(said(), "web.yml: cannot be read: No such file or directory (os error 2)");
    fs::create_dir(&path).unwrap();
    assert_eq!(said(), "web.yml: cannot be read: not a file");
    fs::remove_dir(&path).unwrap();
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(said(), "web.yml: cannot be read: not UTF-8");
    fs::write(&path, vec![b'#'; 5 << 20]).unwrap();
    assert_eq!(said(), "web.yml: cannot be read: larger than 4 MiB");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in r##"([a-z_: \-\[\]{},&*!|>'"#$\n\t]|tls_server_config:\n  |basic_auth_users:\n  |\PC){0,60}"##) {
        let directory = Path::new("");
        if let Ok(field) = node::document(&text) && let Ok(mut sections) = field.section(&KEYS) {
            let _ = tls::read(sections.take("tls_server_config"), directory, &mut Vec::new(), &mut Vec::new());
            let _ = headers::read(sections.take("http_server_config"));
            let _ = Users::read(sections.take("basic_auth_users"));
            let _ = rate::read(sections.take("rate_limit"));
        }
    }

    #[test]
    fn no_header_breaks_the_login(header: Vec<u8>) {
        let _ = Credentials::read(&header);
        let _ = Credentials::read(&[b"Basic ".as_slice(), &header].concat());
    }
}

#[test]
fn wrong_certificate_or_key_is_named() {
    let pki = Pki::new();
    let other = Pki::new().identity("other", Wanted::default());
    pki.write("other.key", &other.key_pem);
    pki.write("empty.pem", "");
    fs::set_permissions(pki.write("open.key", &other.key_pem), fs::Permissions::from_mode(0o666)).unwrap();
    check(
        &pki,
        &[
            ("tls_server_config:\n  cert_fiel: x\n", "web.yml:2: tls_server_config: found key \"cert_fiel\", expected one of TLS_KEYS"),
            ("tls_server_config:\n  key_file: server.key\n", "web.yml:1: tls_server_config: found no certificate, expected cert_file or cert"),
            ("tls_server_config:\n  cert_file: server.pem\n", "web.yml:1: tls_server_config: found no private key, expected key_file or key"),
            (
                "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: server.key\n",
                "web.yml:2: tls_server_config.cert_file: nowhere.pem cannot be read: No such file or directory (os error 2)",
            ),
            ("tls_server_config:\n  cert_file: .\n  key_file: server.key\n", "web.yml:2: tls_server_config.cert_file: . cannot be read: not a file"),
            (
                "tls_server_config:\n  cert_file: empty.pem\n  key_file: server.key\n",
                "web.yml:2: tls_server_config.cert_file: empty.pem holds no certificate, expected PEM text with BEGIN CERTIFICATE",
            ),
            (
                "tls_server_config:\n  cert_file: server.pem\n  key_file: server.pem\n",
                "web.yml:3: tls_server_config.key_file: server.pem holds no private key, expected PEM text with BEGIN PRIVATE KEY, not encrypted",
            ),
            (
                "tls_server_config:\n  cert_file: server.pem\n  key_file: other.key\n",
                "web.yml:3: tls_server_config.key_file: other.key holds a private key that is not the certificate's",
            ),
            (
                "tls_server_config:\n  cert_file: server.pem\n  key_file: open.key\n",
                "web.yml:3: tls_server_config.key_file: secret file \"open.key\" has mode 0666, expected one that only its owner may write (chmod go-w)",
            ),
            (
                "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  cert: x\n",
                "web.yml:4: tls_server_config.cert: found beside cert_file, expected one of the two",
            ),
            (
                "tls_server_config:\n  cert_file: server.pem\n  key: CANARY\n",
                "web.yml:3: tls_server_config.key: holds no private key, expected PEM text with BEGIN PRIVATE KEY, not encrypted",
            ),
            ("tls_server_config:\n  cert_file: [server.pem]\n", "web.yml:2: tls_server_config.cert_file: found a list, expected a text"),
        ],
    );
}

#[test]
fn wrong_choice_of_clients_is_named() {
    check_tls(&[
        (
            "client_auth_type: Whoever",
            "4: tls_server_config.client_auth_type: found \"Whoever\", expected one of NoClientCert, RequestClientCert, RequireClientCert, \
             RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
        ),
        (
            "client_auth_type: RequireAndVerifyClientCert",
            "4: tls_server_config.client_auth_type: found \"RequireAndVerifyClientCert\", expected client_ca_file or client_ca beside it, to verify with",
        ),
        (
            "client_ca_file: ca.pem",
            "4: tls_server_config.client_ca_file: ca.pem holds authorities that nothing asks for, expected client_auth_type RequireAndVerifyClientCert beside it",
        ),
        (
            "client_ca_file: empty.pem\n  client_auth_type: RequireAndVerifyClientCert",
            "4: tls_server_config.client_ca_file: empty.pem holds no certificate, expected PEM text with BEGIN CERTIFICATE",
        ),
        (
            "client_allowed_sans: [a]\n  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven",
            "4: tls_server_config.client_allowed_sans: found without a certificate being required, expected client_auth_type RequireAndVerifyClientCert beside it",
        ),
        (
            "client_allowed_sans: []\n  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert",
            "4: tls_server_config.client_allowed_sans: found no name, expected a DNS name, IP address, e-mail address or URI",
        ),
    ]);
}

#[test]
fn wrong_protocol_is_named() {
    check_tls(&[
        ("min_version: TLS9", "4: tls_server_config.min_version: found \"TLS9\", expected one of TLS10, TLS11, TLS12, TLS13"),
        ("max_version: TLS11", "4: tls_server_config.max_version: found \"TLS11\", expected TLS12 or TLS13, older versions are not spoken"),
        ("min_version: TLS13\n  max_version: TLS12", "5: tls_server_config.max_version: found \"TLS12\", expected min_version or above"),
        (
            "cipher_suites: [TLS_NONE]",
            "4: tls_server_config.cipher_suites: found \"TLS_NONE\", expected one of TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256, SUITES",
        ),
        (
            "cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA\n  - TLS_RSA_WITH_AES_128_GCM_SHA256",
            "4: tls_server_config.cipher_suites: found no suite that is spoken, expected some of SUITES",
        ),
        (
            "cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12",
            "4: tls_server_config.cipher_suites: found no suite that is spoken, expected some of SUITES",
        ),
        ("cipher_suites: TLS_NONE", "4: tls_server_config.cipher_suites: found \"TLS_NONE\", expected a list"),
        (
            "curve_preferences: [P256]",
            "4: tls_server_config.curve_preferences: found \"P256\", expected one of X25519, CurveP256, CurveP384, CurveP521",
        ),
        (
            "curve_preferences: [CurveP521]",
            "4: tls_server_config.curve_preferences: found no curve that is spoken, expected some of X25519, CurveP256, CurveP384",
        ),
        ("prefer_server_cipher_suites: maybe", "4: tls_server_config.prefer_server_cipher_suites: found \"maybe\", expected true or false"),
    ]);
}

#[test]
fn wrong_header_user_or_rate_is_named() {
    check(
        &Pki::new(),
        &[
            ("http_server_config:\n  http3: true\n", "web.yml:2: http_server_config: found key \"http3\", expected one of http2, headers"),
            ("http_server_config:\n  http2: 2\n", "web.yml:2: http_server_config.http2: found \"2\", expected true or false"),
            (
                "http_server_config:\n  headers:\n    X-Powered-By: x\n",
                "web.yml:3: http_server_config.headers: found key \"X-Powered-By\", expected one of Strict-Transport-Security, X-Content-Type-Options, \
             X-Frame-Options, X-XSS-Protection, Content-Security-Policy",
            ),
            (
                "http_server_config:\n  headers:\n    X-Frame-Options: allow\n",
                "web.yml:3: http_server_config.headers.X-Frame-Options: found \"allow\", expected deny or sameorigin",
            ),
            (
                "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
                "web.yml:3: http_server_config.headers.X-Content-Type-Options: found \"sniff\", expected nosniff",
            ),
            (
                "http_server_config:\n  headers:\n    X-XSS-Protection: \"1\\r\\nSet-Cookie: x\"\n",
                "web.yml:3: http_server_config.headers.X-XSS-Protection: found \"1\\r\\nSet-Cookie: x\", expected a line of visible ASCII",
            ),
            ("basic_auth_users: [alice]\n", "web.yml:1: basic_auth_users: found a list, expected a mapping"),
            (
                "basic_auth_users:\n  alice: CANARY\n",
                "web.yml:2: basic_auth_users.alice: found no bcrypt hash, expected one such as htpasswd -nBC 10 makes: $2y$10$ and 53 characters",
            ),
            (
                "basic_auth_users:\n  alice: [CANARY]\n",
                "web.yml:2: basic_auth_users.alice: found no bcrypt hash, expected one such as htpasswd -nBC 10 makes: $2y$10$ and 53 characters",
            ),
            (
                "basic_auth_users:\n  alice: $2y$18$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui\n",
                "web.yml:2: basic_auth_users.alice: found a bcrypt hash of cost 18, expected a cost from 4 to 17",
            ),
            ("rate_limit:\n  interval: soon\n", "web.yml:2: rate_limit.interval: found \"soon\", expected a duration such as 500ms, 10s or 1m30s"),
            ("rate_limit:\n  interval: 1s\n  burst: -1\n", "web.yml:3: rate_limit.burst: found \"-1\", expected a whole number"),
            (
                "rate_limit:\n  interval: 1s\n  burst: 0\n",
                "web.yml:3: rate_limit.burst: found \"0\", expected 1 or more, or else every request is refused",
            ),
            ("rate_limit:\n  interval: 1s\n", "web.yml:1: rate_limit: found no burst, expected one of 1 or more beside the interval"),
            ("rate_limit:\n  rps: 1\n", "web.yml:2: rate_limit: found key \"rps\", expected one of interval, burst"),
        ],
    );
}

#[test]
fn broken_yaml_shows_its_line_and_no_secret() {
    let pki = Pki::new();
    for yaml in [
        "basic_auth_users:\n  alice: \"CANARY\n",
        "basic_auth_users:\n  alice: CANARY: CANARY\n",
        "tls_server_config:\n  key: |\n CANARY\n",
        "a: &x [*x, \tCANARY: CANARY\n",
    ] {
        let error = fault(&pki, yaml);
        assert!(
            error.starts_with("web.yml")
                && error.contains(": found something that is not YAML, expected ")
                && !error.contains('\n')
                && !error.contains("CANARY"),
            "{error}"
        );
    }
}

#[test]
fn good_configurations_are_taken() {
    let pki = Pki::new();
    let inline = pki.identity("inline", Wanted::default());
    let block = |text: &str| format!("    {}\n", text.trim().replace('\n', "\n    "));
    let (certificate, key, authority) = (block(&inline.certificate_pem), block(&inline.key_pem), block(&pki.authority_pem));
    let tls = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";
    for (yaml, warnings) in [
        (String::new(), 0),
        ("# nothing\n".to_owned(), 0),
        ("{}".to_owned(), 0),
        ("tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n".to_owned(), 0),
        ("tls_server_config: {}\nhttp_server_config: {}\nbasic_auth_users: {}\nrate_limit: {}\n".to_owned(), 0),
        (tls.to_owned(), 0),
        (format!("tls_server_config:\n  cert_file: {}\n  key_file: server.key\n", pki.path("server.pem").display()), 0),
        (
            format!(
                "tls_server_config:\n  cert: |\n{certificate}  key: |\n{key}  client_ca: |\n{authority}  client_auth_type: RequireAndVerifyClientCert\n"
            ),
            0,
        ),
        (format!("{tls}  client_auth_type: NoClientCert\n  client_ca_file: \"\"\n"), 0),
        (format!("{tls}  client_auth_type: RequestClientCert\n"), 1),
        (format!("{tls}  client_auth_type: RequireClientCert\n"), 1),
        (format!("{tls}  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n"), 1),
        (format!("{tls}  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n"), 0),
        (format!("{tls}  min_version: TLS10\n"), 1),
        (format!("{tls}  min_version: TLS11\n  max_version: TLS12\n"), 1),
        (format!("{tls}  min_version: TLS13\n"), 0),
        (format!("{tls}  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"), 1),
        (format!("{tls}  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"), 0),
        (format!("{tls}  curve_preferences: [CurveP521, CurveP256, X25519]\n  prefer_server_cipher_suites: false\n"), 1),
        (
            "http_server_config:\n  http2: true\n  headers:\n    X-XSS-Protection: 0\n    X-Frame-Options: deny\n    Content-Security-Policy: \"\"\n"
                .to_owned(),
            0,
        ),
        (format!("basic_auth_users:\n  alice: {HASH}\n  1234: {HASH}\n"), 0),
        ("rate_limit:\n  interval: 0s\n  burst: 0\n".to_owned(), 0),
        ("rate_limit:\n  interval: 1s\n  burst: 5\n".to_owned(), 0),
    ] {
        let path = pki.write("web.yml", &yaml);
        let reading = load(&path);
        assert!(reading.result.is_ok(), "{yaml}{:?}", reading.result);
        assert_eq!(reading.warnings.len(), warnings, "{yaml}{:?}", reading.warnings);
        assert_eq!(asks_for_tls(&path), Some(reading.result.unwrap().tls.is_some()), "{yaml}");
    }
}

#[test]
fn expired_certificate_of_the_server_is_warned_of() {
    let pki = Pki::new();
    pki.identity("old", Wanted { expired: true, ..Wanted::default() });
    let reading = load(&pki.write("web.yml", "tls_server_config:\n  cert_file: old.pem\n  key_file: old.key\n"));
    assert_eq!(reading.warnings, ["the server's certificate has expired"]);
    let expiry = reading.result.unwrap().tls.unwrap().expiry.unwrap();
    assert_eq!(expiry.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_609_459_200);
}

#[test]
fn failing_reload_is_logged_when_it_starts_and_when_it_ends() {
    let pki = Pki::new();
    let path = pki.write("web.yml", "");
    let web = Web::start(Some(&path)).unwrap();
    let log = Captured::default();
    tracing::subscriber::with_default(log.subscriber(), || {
        pki.write("web.yml", "basic_auth_users: CANARY");
        for _ in 0..5 {
            web.reload();
        }
        pki.write("web.yml", "");
        web.reload();
    });
    let text = log.text();
    assert_eq!(text.matches("the last good one holds").count(), 1, "{text}");
    assert_eq!(text.matches("is read again").count(), 1, "{text}");
}
