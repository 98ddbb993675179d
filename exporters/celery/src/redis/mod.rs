//! Redis as a broker, alone or behind Sentinels.

use exporter_core::{Failure, Reason};

pub(crate) mod events;
mod inspect;
pub(crate) mod keys;
mod link;
pub(crate) mod poll;
mod resp;

use crate::{
    address::{Address, Endpoint},
    connect::{CONNECT_TIMEOUT, Credentials, within},
    redis::{
        keys::Keys,
        link::{Link, refused},
        resp::{Reply, pack},
    },
    tls::Tls,
};

/// One Redis, or several that stand in for each other.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    pub(crate) nodes: Nodes,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Tls,
    pub(crate) database: u32,
    pub(crate) keys: Keys,
}

/// Where to look for it.
#[derive(Clone, Debug)]
pub(crate) enum Nodes {
    /// The first that answers.
    Any(Vec<Endpoint>),
    /// The one that Sentinels call the master.
    Sentinels { sentinels: Vec<Endpoint>, credentials: Credentials, master: String },
}

impl Nodes {
    /// The endpoints of addresses.
    pub(crate) fn endpoints(addresses: &[Address]) -> Vec<Endpoint> {
        addresses.iter().map(|address| address.endpoint.clone()).collect()
    }
}

impl Broker {
    /// A connection for commands.
    async fn commands(&self) -> Result<Link, Failure> {
        self.open(Some(self.database)).await
    }

    /// A connection for a subscription.
    async fn subscription(&self) -> Result<Link, Failure> {
        self.open(None).await
    }

    async fn open(&self, database: Option<u32>) -> Result<Link, Failure> {
        match &self.nodes {
            Nodes::Any(endpoints) => first(endpoints, &self.tls, &self.credentials, database).await,
            Nodes::Sentinels { sentinels, credentials, master } => {
                let endpoint = self.master(sentinels, credentials, master).await?;
                first(&[endpoint], &self.tls, &self.credentials, database).await
            }
        }
    }

    /// Asks one Sentinel after the other which node is the master now.
    async fn master(&self, sentinels: &[Endpoint], credentials: &Credentials, name: &str) -> Result<Endpoint, Failure> {
        let mut last = Failure::new(Reason::Unreachable, "no sentinel is given");
        for sentinel in sentinels {
            match within(CONNECT_TIMEOUT, self.ask(sentinel, credentials, name)).await {
                Ok(endpoint) => return Ok(endpoint),
                Err(failure) => last = Failure::new(failure.reason, format!("sentinel {}: {failure}", sentinel.describe())),
            }
        }
        Err(last)
    }

    async fn ask(&self, sentinel: &Endpoint, credentials: &Credentials, name: &str) -> Result<Endpoint, Failure> {
        let mut link = Link::open(sentinel, &self.tls, credentials, None).await?;
        let mut packed = Vec::new();
        pack(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name], &mut packed);
        link.send(&packed).await?;
        let secure = matches!(sentinel, Endpoint::Tcp { tls: true, .. });
        link.reply(|reply| match (&reply, reply.parts()) {
            (Reply::Error(error), _) => Err(refused(error, Reason::Protocol)),
            (_, [host, port]) => {
                let port = port.text().and_then(|port| port.parse().ok());
                let endpoint = host.text().zip(port).map(|(host, port)| Endpoint::Tcp { host: host.to_owned(), port, tls: secure });
                endpoint.ok_or_else(|| Failure::new(Reason::Protocol, "it gives no address"))
            }
            _ => Err(Failure::new(Reason::Unreachable, format!("it knows no master {name:?}"))),
        })
        .await?
    }
}

/// The first endpoint that can be connected to.
async fn first(endpoints: &[Endpoint], tls: &Tls, credentials: &Credentials, database: Option<u32>) -> Result<Link, Failure> {
    let mut last = Failure::new(Reason::Unreachable, "no address is given");
    for endpoint in endpoints {
        match within(CONNECT_TIMEOUT, Link::open(endpoint, tls, credentials, database)).await {
            Ok(link) => return Ok(link),
            Err(failure) => last = Failure::new(failure.reason, format!("{}: {failure}", endpoint.describe())),
        }
    }
    Err(last)
}
