//! Connections to the primaries, each with the keys that it has.

use std::time::Duration;

use futures_util::future::{join, join_all};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use seckill_client::{Error, Info, Seckill};
use tokio::time::timeout;

use super::format::brief;
use super::server_figures::{SECTIONS, ServerFigures};
use crate::exit::Failure;
use crate::servers::{Connector, Place, Primary, Servers};

/// The connections to the servers as they were when these were made.
pub(super) struct Links {
    pub(super) each: Vec<Link>,
    kind: Kind,
}

/// A primary, and the connection to it where it is reached.
pub(super) struct Link {
    place: Place,
    primary: Result<Primary, String>,
    /// Whether it answered when it was last asked.
    pub(super) answers: bool,
}

enum Kind {
    Server { address: String },
    Cluster,
    Sentinel,
    Independent,
}

/// What a server replied, or why it did not.
pub(super) type Answer<T> = Result<Result<T, Error>, String>;

impl Links {
    /// Connects to the servers. Nodes of a cluster are read even if others cannot be reached.
    pub(super) async fn make(servers: &Servers) -> Result<Self, Failure> {
        let within = servers.within();
        let connector = timeout(within, servers.connector()).await;
        let connector =
            connector.unwrap_or_else(|_| Err(Failure::Server("the server does not answer".to_owned())))?;
        let places = connector.each_primary(within).await?;
        if let Some(failure) = failure_of_all(&places) {
            return Err(failure);
        }
        let link = |(place, primary): (Place, Result<Primary, Failure>)| {
            let answers = primary.is_ok();
            Link { place, primary: primary.map_err(brief), answers }
        };
        let kind = match connector {
            Connector::Single(server) => {
                Kind::Server { address: server.get_connection_info().addr().to_string() }
            }
            Connector::Cluster(_) => Kind::Cluster,
            Connector::Sentinel(_) => Kind::Sentinel,
            Connector::Independent(_) => Kind::Independent,
        };
        Ok(Self { each: places.into_iter().map(link).collect(), kind })
    }

    /// Whether another server should be in the place of one that became a replica.
    pub(super) fn wants_primaries(&self) -> bool {
        matches!(self.kind, Kind::Cluster | Kind::Sentinel)
    }

    /// How a primary is shown; its port is 0 where that is not known.
    pub(super) fn name(&self, link: &Link, port: u64) -> String {
        match &self.kind {
            Kind::Server { address } => address.clone(),
            Kind::Cluster | Kind::Independent => link.place.name.clone(),
            Kind::Sentinel if port == 0 => "primary".to_owned(),
            Kind::Sentinel => format!("primary, port {port}"),
        }
    }

    /// Whether these lead to the same primaries.
    pub(super) fn are_like(&self, others: &Self) -> bool {
        let reached = |links: &Self| -> Vec<_> {
            links.each.iter().map(|link| (link.place.name.clone(), link.primary.is_ok())).collect()
        };
        reached(self) == reached(others)
    }

    /// The connection to the primary that has this key.
    pub(super) fn connection(&self, key: &[u8]) -> Option<MultiplexedConnection> {
        let link = self.each.iter().find(|link| link.place.has(key))?;
        link.primary.as_ref().ok().map(Primary::connection)
    }

    /// Reads all primaries and these sales at once. None waits for another one, and nobody for longer than `within`.
    pub(super) async fn read(
        &mut self,
        mut keys: Vec<Vec<u8>>,
        within: Duration,
    ) -> (Vec<Answer<ServerFigures>>, Vec<(Vec<u8>, Answer<Info>)>) {
        let reading = self.each.iter_mut().map(|link| {
            let of_link = keys.extract_if(.., |key| link.place.has(key)).collect();
            link.read(of_link, within)
        });
        let (servers, sales): (Vec<_>, Vec<_>) =
            join_all(reading.collect::<Vec<_>>()).await.into_iter().unzip();
        let nowhere = keys.into_iter().map(|key| (key, Err("no server has the slot of this key".to_owned())));
        (servers, sales.into_iter().flatten().chain(nowhere).collect())
    }
}

impl Link {
    pub(super) fn primary(&mut self) -> Option<&mut Primary> {
        self.primary.as_mut().ok()
    }

    /// Reads this primary, and sales that it has.
    async fn read(
        &mut self,
        keys: Vec<Vec<u8>>,
        within: Duration,
    ) -> (Answer<ServerFigures>, Vec<(Vec<u8>, Answer<Info>)>) {
        let connection = self.primary.as_ref().map(Primary::connection).map_err(Clone::clone);
        let sale = |key: Vec<u8>| {
            let connection = connection.clone();
            async {
                let info = info(connection, &key, within).await;
                (key, info.map_err(|why| named(&self.place, &why)))
            }
        };
        let sales = join_all(keys.into_iter().map(sale));
        let (server, sales) = join(figures(connection.clone(), within), sales).await;
        self.answers = server.is_ok();
        (server, sales)
    }
}

/// Says of which node of a cluster this is.
fn named(place: &Place, why: &str) -> String {
    if place.name.is_empty() { why.to_owned() } else { format!("{}: {why}", place.name) }
}

async fn figures(
    connection: Result<MultiplexedConnection, String>,
    within: Duration,
) -> Answer<ServerFigures> {
    let mut connection = connection?;
    let mut info = cmd("INFO");
    info.arg(SECTIONS.as_slice());
    let info = async { Ok(info.query_async::<String>(&mut connection).await?) };
    Ok(answer(info, within).await?.map(|info| ServerFigures::read(&info)))
}

async fn info(
    connection: Result<MultiplexedConnection, String>,
    key: &[u8],
    within: Duration,
) -> Answer<Info> {
    let mut connection = connection?;
    answer(connection.seckill().info(key), within).await
}

async fn answer<T>(reply: impl Future<Output = Result<T, Error>>, within: Duration) -> Answer<T> {
    match timeout(within, reply).await {
        Ok(Err(error)) if !is_final(&error) => Err(brief(error)),
        Ok(reply) => Ok(reply),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// Whether the server answered, with an error that another connection would get as well.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Redis(error) => matches!(error.code(), Some("WRONGTYPE" | "NOPERM")),
        _ => true,
    }
}

/// The first failure, if no server is reached.
fn failure_of_all(places: &[(Place, Result<Primary, Failure>)]) -> Option<Failure> {
    let mut failures = places.iter().map(|(_, reached)| reached.as_ref().err());
    let first = failures.next()??;
    failures.all(|failure| failure.is_some()).then(|| first.clone())
}
