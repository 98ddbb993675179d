//! Certificates of clients.

use super::{client::*, *};
use crate::web_config::pki::Wanted;

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

const CLIENT: Wanted<'static> = Wanted { dns: &["prometheus.example"], address: None, email: None, uri: None, expired: false, for_clients: true };

#[tokio::test]
async fn policies_ask_and_verify_as_they_are_named() {
    let names = ["none", "good", "wrong authority", "expired", "for servers"];
    for (policy, served) in [
        ("NoClientCert", [true, true, true, true, true]),
        ("RequestClientCert", [true, true, true, true, true]),
        ("RequireClientCert", [false, true, true, true, true]),
        ("RequireAnyClientCert", [false, true, true, true, true]),
        ("VerifyClientCertIfGiven", [true, true, false, false, false]),
        ("RequireAndVerifyClientCert", [false, true, false, false, false]),
    ] {
        let pki = Pki::new();
        let identities = [
            None,
            Some(pki.identity("client", CLIENT)),
            Some(Pki::new().identity("client", CLIENT)),
            Some(pki.identity("expired", Wanted { expired: true, ..CLIENT })),
            Some(pki.identity("other", Wanted { for_clients: false, ..CLIENT })),
        ];
        let authority = if policy.contains("Verify") { "  client_ca_file: ca.pem\n" } else { "" };
        let server = Harness::with(pki, &format!("{TLS}{authority}  client_auth_type: {policy}\n")).await;
        for ((identity, name), served) in identities.iter().zip(names).zip(served) {
            for version in BOTH {
                let answer = server.ask_secured(client(server.pki(), &[version], identity.as_ref()), &get("/metrics")).await;
                assert_eq!(is_served(&answer), served, "{policy} {name} {version:?}");
            }
        }
        let refused = served.iter().filter(|served| !**served).count();
        assert_eq!(server.refused("client_certificate"), 2 * u64::try_from(refused).unwrap(), "{policy}");
    }
}

#[tokio::test]
async fn only_allowed_names_of_clients_are_served() {
    let address = |text: &str| Some(text.parse().unwrap());
    for (allowed, wanted, served) in [
        ("prometheus.example", Wanted { dns: &["prometheus.example"], ..CLIENT }, true),
        ("prometheus.example", Wanted { dns: &["other.example", "prometheus.example"], ..CLIENT }, true),
        ("prometheus.example", Wanted { dns: &["other.example"], ..CLIENT }, false),
        ("prometheus.example", Wanted { dns: &["x.prometheus.example"], ..CLIENT }, false),
        ("prometheus.example", Wanted { dns: &["*.example"], ..CLIENT }, false),
        ("prometheus.example", Wanted { dns: &[], ..CLIENT }, false),
        ("192.0.2.7", Wanted { address: address("192.0.2.7"), ..CLIENT }, true),
        ("192.0.2.7", Wanted { address: address("192.0.2.8"), ..CLIENT }, false),
        ("192.0.2.7", Wanted { dns: &["192.0.2.7"], ..CLIENT }, false),
        ("\"2001:db8:0::7\"", Wanted { address: address("2001:db8::7"), ..CLIENT }, true),
        ("prom@example.org", Wanted { email: Some("prom@example.org"), ..CLIENT }, true),
        ("prom@example.org", Wanted { email: Some("root@example.org"), ..CLIENT }, false),
        ("spiffe://example.org/prometheus", Wanted { uri: Some("spiffe://example.org/prometheus"), ..CLIENT }, true),
        ("spiffe://example.org/prometheus", Wanted { uri: Some("spiffe://example.org/other"), ..CLIENT }, false),
    ] {
        let pki = Pki::new();
        let identity = pki.identity("client", wanted);
        let yaml = format!(
            "{TLS}  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans:\n  - unused.example\n  - {allowed}\n"
        );
        let server = Harness::with(pki, &yaml).await;
        let answer = server.ask_secured(client(server.pki(), &BOTH, Some(&identity)), &get("/metrics")).await;
        assert_eq!(is_served(&answer), served, "{allowed}");
    }
}
