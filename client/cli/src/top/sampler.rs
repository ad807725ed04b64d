//! Reads the servers: one INFO for each primary and one SECKILL.INFO for each sale in a pass.

use std::time::Duration;

use futures_util::future::{join, join_all};
use redis::{RedisError, cmd};
use seckill_client::{Code, Error, Info, Seckill};
use tokio::time::timeout;

use super::follow::{Follower, History};
use super::format::brief;
use super::links::Links;
use super::sample::Sample;
use super::search::Search;
use super::server_figures::{SECTIONS, ServerFigures};
use crate::advice;
use crate::exit::Failure;
use crate::servers::{AnyConnection, Servers};

/// Sales that are read in one pass.
pub(super) const MAX_SALES: usize = 50;

/// Which sales are looked at.
pub(super) enum Sales {
    /// Those with these keys.
    Named(Vec<Vec<u8>>),
    /// Those that the servers have.
    Found(Search),
}

/// Reads the servers, and connects to them again where that is needed.
pub(super) struct Sampler {
    servers: Servers,
    sales: Sales,
    links: Option<Links>,
    /// The links may lead to the wrong servers, or to none.
    are_doubtful: bool,
    follower: Option<Follower>,
}

impl Sampler {
    /// Nothing is sent yet.
    pub(super) fn new(servers: Servers, sales: Sales) -> Self {
        Self { servers, sales, links: None, are_doubtful: false, follower: None }
    }

    /// One pass, and the events of the sale that is looked at.
    pub(super) async fn pass(&mut self, looked_at: Option<&[u8]>) -> Result<Sample, Failure> {
        self.connect().await?;
        let Some(links) = &mut self.links else { return Ok(Sample::default()) };
        let mut sample = Sample { is_complete: true, ..Sample::default() };
        let keys = match &mut self.sales {
            Sales::Named(keys) => keys.clone(),
            Sales::Found(search) => {
                if let Err(failure) = search.go_on(&mut links.primaries).await {
                    self.are_doubtful = true;
                    if search.known().is_empty() {
                        return Err(failure);
                    }
                    sample.problem = Some(format!("cannot search for sales: {failure}"));
                }
                sample.more = search.known().len().saturating_sub(MAX_SALES);
                sample.is_complete = search.is_complete();
                search.known().iter().take(MAX_SALES).cloned().collect()
            }
        };
        let within = self.servers.within();
        let (sales, servers) = join(sales(links.connection.clone(), keys, within), servers(links)).await;
        self.are_doubtful |= servers.iter().any(|(_, server)| match server {
            Ok(figures) => figures.replica_of.is_some() && links.wants_primaries(),
            Err(error) => !is_final(error),
        });
        sample.servers = servers.into_iter().map(|(name, server)| (name, server.map_err(brief))).collect();
        self.keep(sales, &mut sample)?;
        sample.history = self.follow(looked_at, &sample).await;
        Ok(sample)
    }

    /// Whether all keys have been searched for sales.
    pub(super) fn is_complete(&self) -> bool {
        match &self.sales {
            Sales::Named(_) => true,
            Sales::Found(search) => search.is_complete(),
        }
    }

    /// Connects where that is needed. The nodes of a cluster that can be reached are read even if others can't.
    async fn connect(&mut self) -> Result<(), Failure> {
        if self.links.is_some() && !self.are_doubtful {
            return Ok(());
        }
        match Links::make(&self.servers, self.servers.within()).await {
            Ok(links) => {
                self.links = Some(links);
                self.are_doubtful = false;
                if let Sales::Found(search) = &mut self.sales {
                    search.restart();
                }
            }
            Err(failure) if !self.links.as_ref().is_some_and(Links::is_cluster) => return Err(failure),
            Err(_) => {}
        }
        Ok(())
    }

    /// Takes over what is known of the sales. It is a failure if nothing is known because of the connection.
    fn keep(
        &mut self,
        sales: Vec<(Vec<u8>, Result<Info, Error>)>,
        sample: &mut Sample,
    ) -> Result<(), Failure> {
        let mut failed = None;
        for (key, read) in sales {
            match (read, &mut self.sales) {
                (Err(error), Sales::Found(search)) if error.code() == Some(Code::NoSale) => {
                    search.forget(&key);
                }
                (Err(error), _) if advice::lacks_module(&error) => return Err(error.into()),
                (Err(error), _) => {
                    let is_final = is_final(&error);
                    let failure = Failure::from(error);
                    if !is_final {
                        self.are_doubtful = true;
                        failed.get_or_insert_with(|| failure.to_string());
                    }
                    sample.sales.insert(key, Err(failure));
                }
                (Ok(info), _) => drop(sample.sales.insert(key, Ok(info))),
            }
        }
        match failed {
            Some(text) if sample.sales.values().all(Result::is_err) => Err(Failure::Server(text)),
            _ => Ok(()),
        }
    }

    /// Reads the events of the sale that is looked at.
    async fn follow(
        &mut self,
        looked_at: Option<&[u8]>,
        sample: &Sample,
    ) -> Option<(Vec<u8>, Result<History, String>)> {
        let Some(key) = looked_at else {
            self.follower = None;
            return None;
        };
        let info = sample.sales.get(key)?.as_ref().ok()?;
        if self.follower.as_ref().is_none_or(|follower| follower.sale != key) {
            self.follower = Some(Follower::new(key));
        }
        let (follower, links) = (self.follower.as_mut()?, self.links.as_mut()?);
        let read = timeout(self.servers.within(), follower.go_on(&mut links.connection, info)).await;
        let history = read.unwrap_or_else(|_| Err(timed_out())).map_err(brief);
        Some((key.to_owned(), history))
    }
}

/// Reads the sales, each from the server that has it, all of them at once.
async fn sales(
    connection: AnyConnection,
    keys: Vec<Vec<u8>>,
    within: Duration,
) -> Vec<(Vec<u8>, Result<Info, Error>)> {
    let read = |key: Vec<u8>| async {
        let mut connection = connection.clone();
        let info = timeout(within, connection.seckill().info(&key)).await;
        (key, info.unwrap_or_else(|_| Err(timed_out())))
    };
    join_all(keys.into_iter().map(read)).await
}

/// Reads all primaries at once, by name.
async fn servers(links: &mut Links) -> Vec<(String, Result<ServerFigures, Error>)> {
    let mut primaries = std::mem::take(&mut links.primaries);
    let read = join_all(primaries.iter_mut().map(|primary| async {
        let info = primary.ask::<String>(cmd("INFO").arg(SECTIONS.as_slice())).await;
        let info = info.unwrap_or_else(|| Err(no_answer()))?;
        Ok(ServerFigures::read(&info))
    }))
    .await;
    links.primaries = primaries;
    let name = |(primary, server): (_, Result<ServerFigures, _>)| {
        let port = server.as_ref().map_or(0, |server| server.port);
        (links.name(primary, port), server)
    };
    links.primaries.iter().zip(read).map(name).collect()
}

fn timed_out() -> Error {
    Error::Redis(no_answer())
}

fn no_answer() -> RedisError {
    (redis::ErrorKind::Io, "no answer in time").into()
}

/// Whether the server answered, with an error that another connection would get as well.
fn is_final(error: &Error) -> bool {
    match error {
        Error::Redis(error) => matches!(error.code(), Some("WRONGTYPE" | "NOPERM")),
        _ => true,
    }
}
