//! Connections to the servers: one by which keys are found, and one to each primary.

use std::time::Duration;

use seckill_client::connect::Connect;
use tokio::time::timeout;

use crate::exit::Failure;
use crate::servers::{AnyConnection, Connector, Primary, Servers};

/// The connections to the servers as they were when these were made.
pub(super) struct Links {
    pub(super) connection: AnyConnection,
    pub(super) primaries: Vec<Primary>,
    kind: Kind,
}

enum Kind {
    Server { address: String },
    Cluster,
    Sentinel,
}

impl Links {
    /// Connects to the servers. It takes no longer than `within`.
    pub(super) async fn make(servers: &Servers, within: Duration) -> Result<Self, Failure> {
        let made = async {
            let connector = servers.connector().await?;
            let connection = connector.connect().await?;
            let primaries = connector.primaries(within).await?;
            let kind = match connector {
                Connector::Single(server) => {
                    Kind::Server { address: server.get_connection_info().addr().to_string() }
                }
                Connector::Cluster(_) => Kind::Cluster,
                Connector::Sentinel(_) => Kind::Sentinel,
            };
            Ok(Self { connection, primaries, kind })
        };
        let failed = || Failure::Server("the server does not answer".to_owned());
        timeout(within, made).await.unwrap_or_else(|_| Err(failed()))
    }

    /// Whether some of the servers may be reached while others are not.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster)
    }

    /// Whether another server should be in the place of one that became a replica.
    pub(super) fn wants_primaries(&self) -> bool {
        !matches!(self.kind, Kind::Server { .. })
    }

    /// How a primary is shown; its port is 0 where that is not known.
    pub(super) fn name(&self, primary: &Primary, port: u64) -> String {
        match &self.kind {
            Kind::Server { address } => address.clone(),
            Kind::Cluster => primary.name.clone(),
            Kind::Sentinel if port == 0 => "primary".to_owned(),
            Kind::Sentinel => format!("primary, port {port}"),
        }
    }
}
