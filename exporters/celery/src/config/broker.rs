//! The broker, out of its URL and of what flags say of it.

use exporter_core::{ClientTls, ConfigError, Secret, SecretFile, SecretSource};
use tracing::warn;

use super::{Config, EVENTS_WAIT};
use crate::{
    address::{self, Address, EXPECTED, Endpoint, Scheme, redacted},
    amqp::{self, EventQueue},
    connect::{Credentials, Node},
    options::{self, Options},
    redis::{self, Nodes, keys::Keys},
    settings::Broker,
    tls,
};

impl Config {
    pub(super) fn broker(&self) -> Result<Broker, ConfigError> {
        let given = |secret: &Option<Secret>| secret.clone().filter(|url| !url.reveal().is_empty());
        let url = given(&self.broker_url).or_else(|| given(&self.celery_broker_url));
        let url = url.ok_or_else(|| ConfigError::new("--broker-url", "nothing", EXPECTED))?;
        let invalid =
            |error: address::AddressError| ConfigError::new("--broker-url", &format!("{}, which {error}", redacted(url.reveal())), EXPECTED);
        let mut addresses = address::parse(url.reveal()).map_err(invalid)?;
        let tls = self.tls(&mut addresses)?;
        let Some(first) = addresses.first() else { return Err(invalid(address::AddressError::Empty)) };
        match first.scheme {
            Scheme::Redis | Scheme::Sentinel => self.redis(&addresses, tls).map(Broker::Redis),
            Scheme::Amqp => Ok(Broker::Amqp(self.amqp(&addresses, tls))),
        }
    }

    /// Who the exporter is at an address: whoever that says, else whoever the first one says.
    fn credentials(&self, addresses: &[Address], address: &Address) -> Credentials {
        let says = |address: &&Address| address.user.is_some() || address.password.is_some();
        let address = Some(address).filter(says).or_else(|| addresses.first());
        let password = address.and_then(|address| address.password.clone()).map(SecretSource::Value);
        let password = password.or_else(|| self.broker_password_file.clone().map(|path| SecretSource::File(SecretFile::from(path))));
        Credentials { user: address.and_then(|address| address.user.clone()), password }
    }

    fn nodes(&self, addresses: &[Address]) -> Vec<Node> {
        addresses.iter().map(|address| Node { endpoint: address.endpoint.clone(), credentials: self.credentials(addresses, address) }).collect()
    }

    fn redis(&self, addresses: &[Address], tls: ClientTls) -> Result<redis::Broker, ConfigError> {
        let options = Options::parse(&self.broker_transport_options).map_err(|found| {
            let expected = "name=value, for example global_keyprefix=acme: or priority_steps=[0,3,6,9] or fanout_patterns=false";
            ConfigError::new("--broker-transport-option", &found, expected)
        })?;
        for option in options.unknown() {
            warn!(option, "Transport option means nothing to the exporter, nor to kombu");
        }
        let first = addresses.first();
        let path = first.and_then(|address| address.path.as_deref()).map(|path| path.trim_start_matches('/'));
        let database = path.filter(|path| !path.is_empty()).map_or(Ok(0), str::parse);
        let database = database.map_err(|_| ConfigError::new("--broker-url", path.unwrap_or_default(), "the number of a database"))?;
        let nodes = if let Some(first) = first.filter(|address| address.scheme == Scheme::Sentinel) {
            let master = options.text("master_name").ok_or_else(|| {
                ConfigError::new("--broker-transport-option", "no master_name", "master_name=<name>, since the broker is behind Sentinels")
            })?;
            let secret = |part| options.part("sentinel_kwargs", part).map(str::to_owned);
            let credentials = Credentials { user: secret("username"), password: secret("password").map(Secret::new).map(SecretSource::Value) };
            let sentinels = addresses.iter().map(|address| Node { endpoint: address.endpoint.clone(), credentials: credentials.clone() }).collect();
            Nodes::Sentinels { sentinels, credentials: self.credentials(addresses, first), master: master.to_owned() }
        } else {
            Nodes::Any(self.nodes(addresses))
        };
        let keys = Keys::new(&options, database, self.event_exchange.clone(), self.control_exchange.clone());
        Ok(redis::Broker { nodes, tls, database, keys })
    }

    fn amqp(&self, addresses: &[Address], tls: ClientTls) -> amqp::Broker {
        let named = !self.event_queue_ttl.is_zero();
        let ttl = if named { self.event_queue_ttl } else { EVENTS_WAIT };
        let host = |address: &Address| address.path.clone().unwrap_or_else(|| "/".to_owned());
        amqp::Broker {
            nodes: self.nodes(addresses).into_iter().zip(addresses.iter().map(host)).collect(),
            tls,
            event_exchange: self.event_exchange.clone(),
            control: self.control_exchange.clone(),
            queue: EventQueue {
                name: named.then(|| self.event_queue_name.clone()),
                milliseconds: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
            },
        }
    }

    /// The options of TLS, from the URL and from their flag, which turns it on.
    fn tls(&self, addresses: &mut [Address]) -> Result<ClientTls, ConfigError> {
        let mut tls = ClientTls::default();
        for (name, value) in addresses.iter().flat_map(|address| &address.options) {
            tls::set(&mut tls, name, value);
        }
        for option in self.broker_ssl_options.iter().flat_map(|option| options::split(option)) {
            let known = option.split_once('=').is_some_and(|(name, value)| tls::set(&mut tls, name, value.trim_matches('"')));
            if !known {
                let expected = "ca_certs=FILE, certfile=FILE, keyfile=FILE or cert_reqs=none";
                return Err(ConfigError::new("--broker-ssl-option", option, expected));
            }
        }
        if !self.broker_ssl_options.is_empty() {
            for address in addresses {
                if let Endpoint::Tcp { tls, .. } = &mut address.endpoint {
                    *tls = true;
                }
            }
        }
        Ok(tls)
    }
}
