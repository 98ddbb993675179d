//! Redis as a broker, alone or behind Sentinels.

use exporter_core::{ClientTls, Failure, Reason};

pub(crate) mod events;
mod inspect;
pub(crate) mod keys;
mod link;
pub(crate) mod poll;
mod resp;

use crate::{
    address::Endpoint,
    connect::{CONNECT_TIMEOUT, Credentials, Node, within},
    redis::{
        keys::Keys,
        link::{Link, refused},
        resp::{Reply, pack},
    },
};

/// One Redis, or several that stand in for each other.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    pub(crate) nodes: Nodes,
    pub(crate) tls: ClientTls,
    pub(crate) database: u32,
    pub(crate) keys: Keys,
}

/// Where to look for it.
#[derive(Clone, Debug)]
pub(crate) enum Nodes {
    /// The first that answers.
    Any(Vec<Node>),
    /// The one that Sentinels call the master, and who the exporter is there.
    Sentinels { sentinels: Vec<Node>, credentials: Credentials, master: String },
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
            Nodes::Any(nodes) => first(nodes, &self.tls, database).await,
            Nodes::Sentinels { sentinels, credentials, master } => {
                let endpoint = self.master(sentinels, master).await?;
                first(&[Node { endpoint, credentials: credentials.clone() }], &self.tls, database).await
            }
        }
    }

    /// Asks one Sentinel after the other which node is the master now.
    async fn master(&self, sentinels: &[Node], name: &str) -> Result<Endpoint, Failure> {
        let mut last = Failure::new(Reason::Unreachable, "no sentinel is given");
        for sentinel in sentinels {
            match within(CONNECT_TIMEOUT, self.ask(&sentinel.endpoint, &sentinel.credentials, name)).await {
                Ok(endpoint) => return Ok(endpoint),
                Err(failure) => last = Failure::new(failure.reason, format!("sentinel {}: {failure}", sentinel.endpoint.describe())),
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

/// The first node that can be connected to.
async fn first(nodes: &[Node], tls: &ClientTls, database: Option<u32>) -> Result<Link, Failure> {
    let mut last = Failure::new(Reason::Unreachable, "no address is given");
    for Node { endpoint, credentials } in nodes {
        match within(CONNECT_TIMEOUT, Link::open(endpoint, tls, credentials, database)).await {
            Ok(link) => return Ok(link),
            Err(failure) => last = Failure::new(failure.reason, format!("{}: {failure}", endpoint.describe())),
        }
    }
    Err(last)
}
