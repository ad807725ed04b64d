//! Reads the servers: one INFO for each primary and one SECKILL.INFO for each sale in a pass.

use std::time::Duration;

use seckill_client::{Code, Info};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::follow::{Follower, History};
use super::format::brief;
use super::links::{Answer, Links};
use super::sample::Sample;
use super::search::Search;
use crate::advice;
use crate::exit::Failure;
use crate::servers::Servers;

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
    answer_within: Duration,
    links: Option<Links>,
    /// The links may lead to the wrong servers, or to none.
    are_doubtful: bool,
    /// New links, that are made while the others are used.
    making: Option<JoinHandle<Result<Links, Failure>>>,
    /// Why the last ones could not be made.
    failure: Option<Failure>,
    follower: Option<Follower>,
}

impl Sampler {
    /// Nothing is sent yet.
    pub(super) fn new(servers: Servers, sales: Sales) -> Self {
        Self {
            answer_within: servers.within(),
            servers,
            sales,
            links: None,
            are_doubtful: false,
            making: None,
            failure: None,
            follower: None,
        }
    }

    /// From now on, a server that takes longer than this is left out of a pass.
    pub(super) fn keep_to(&mut self, interval: Duration) {
        self.answer_within = interval.min(self.servers.within());
    }

    /// One pass, and the events of the sale that is looked at.
    pub(super) async fn pass(&mut self, looked_at: Option<&[u8]>) -> Result<Sample, Failure> {
        self.connect().await?;
        let sample = self.read(looked_at).await;
        if self.are_doubtful && self.making.is_none() {
            let servers = self.servers.clone();
            self.making = Some(tokio::spawn(async move { Links::make(&servers).await }));
        }
        sample
    }

    async fn read(&mut self, looked_at: Option<&[u8]>) -> Result<Sample, Failure> {
        let Some(links) = &mut self.links else { return Ok(Sample::default()) };
        let mut sample = Sample { is_complete: true, ..Sample::default() };
        let keys = match &mut self.sales {
            Sales::Named(keys) => keys.clone(),
            Sales::Found(search) => {
                if let Err(failure) = search.go_on(&mut links.each, self.answer_within).await {
                    self.are_doubtful = true;
                    if search.known().is_empty() {
                        return Err(self.failure.clone().unwrap_or(failure));
                    }
                    sample.problem = Some(format!("cannot search for sales: {failure}"));
                }
                sample.more = search.known().len().saturating_sub(MAX_SALES);
                sample.is_complete = search.is_complete();
                search.known().iter().take(MAX_SALES).cloned().collect()
            }
        };
        let (servers, sales) = links.read(keys, self.answer_within).await;
        if let Some(Err(why)) = servers.first().filter(|_| servers.iter().all(Result::is_err)) {
            self.are_doubtful = true;
            return Err(self.failure.clone().unwrap_or_else(|| Failure::Server(why.clone())));
        }
        self.failure = None;
        for (link, server) in links.each.iter().zip(servers) {
            self.are_doubtful |= match &server {
                Ok(Ok(figures)) => figures.replica_of.is_some() && links.wants_primaries(),
                Ok(Err(_)) => false,
                Err(_) => true,
            };
            let server = server.and_then(|reply| reply.map_err(brief));
            let port = server.as_ref().map_or(0, |server| server.port);
            sample.servers.insert(links.name(link, port), server);
        }
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

    /// Waits only for the first links. Others take their place once they are made.
    async fn connect(&mut self) -> Result<(), Failure> {
        if self.links.is_none() {
            self.links = Some(Links::make(&self.servers).await?);
        }
        let Some(made) = self.making.take_if(|making| making.is_finished()) else { return Ok(()) };
        match made.await.unwrap_or_else(|error| Err(Failure::server(error))) {
            Ok(links) => {
                let are_others = self.links.as_ref().is_none_or(|before| !before.are_like(&links));
                if let (true, Sales::Found(search)) = (are_others, &mut self.sales) {
                    search.restart();
                }
                self.links = Some(links);
                self.are_doubtful = false;
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
        Ok(())
    }

    /// Takes over what is known of the sales.
    fn keep(&mut self, sales: Vec<(Vec<u8>, Answer<Info>)>, sample: &mut Sample) -> Result<(), Failure> {
        for (key, answer) in sales {
            let info = match answer {
                Err(why) => {
                    self.are_doubtful = true;
                    Err(Failure::Server(why))
                }
                Ok(Err(error)) if advice::lacks_module(&error) => return Err(error.into()),
                Ok(Err(error)) => match &mut self.sales {
                    Sales::Found(search) if error.code() == Some(Code::NoSale) => {
                        search.forget(&key);
                        continue;
                    }
                    _ => Err(error.into()),
                },
                Ok(Ok(info)) => Ok(info),
            };
            sample.sales.insert(key, info);
        }
        Ok(())
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
        let mut connection = self.links.as_ref()?.connection(key)?;
        let read = self.follower.as_mut()?.go_on(&mut connection, info);
        let history = match timeout(self.servers.within(), read).await {
            Ok(read) => read.map_err(brief),
            Err(_) => Err("no answer in time".to_owned()),
        };
        Some((key.to_owned(), history))
    }
}
