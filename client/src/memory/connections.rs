//! Connections on which servers push what changes: one to each node that has shards.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Instant;

use futures_util::future::try_join_all;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, RedisError, RedisResult, Value, pipe};
use seckill_core::protocol::{Command, Query};
use tokio::time::timeout;

use super::figures::{Figures, LIFE};
use super::knowledge::{Knowledge, Learning};
use crate::call::{parse, timed_out};
use crate::client::Client;
use crate::connect::{Connect, Node};
use crate::encode::encode;
use crate::error::Result;
use crate::reply::Info;

/// How often a call is redirected at most.
const REDIRECTS: usize = 8;

/// A node that a server named, or else any.
type Place = Option<Node>;

/// Where a shard is asked.
#[derive(Clone, Default)]
struct Route {
    place: Place,
    /// The node imports the slot of the shard.
    is_asking: bool,
}

pub(super) struct Connections {
    knowledge: Weak<Knowledge>,
    nodes: HashMap<Place, MultiplexedConnection>,
    /// To each shard.
    routes: Vec<Route>,
    /// How many shared connections the client had made before these.
    made_after: u64,
}

impl Connections {
    /// None yet.
    pub(super) fn new(knowledge: &Arc<Knowledge>) -> Self {
        let routes = vec![Route::default(); knowledge.keys().len()];
        Self { knowledge: Arc::downgrade(knowledge), nodes: HashMap::new(), routes, made_after: 0 }
    }

    /// Learns figures of shards. After an error all connections are closed.
    pub(super) async fn learn<C: Connect>(&mut self, client: &Client<C>, learning: &Learning) -> Result<()> {
        // The client has another connection now: the sale may have another primary.
        if self.made_after != client.connections_made() {
            self.close();
            self.made_after = client.connections_made();
        }
        let result = self.ask_all(client, learning).await;
        match result {
            Ok(()) => self.close_unused(),
            Err(_) => self.close(),
        }
        result
    }

    fn close(&mut self) {
        self.routes.fill(Route::default());
        if self.nodes.is_empty() {
            return;
        }
        self.nodes.clear();
        // Nobody would say that it changed.
        if let Some(knowledge) = self.knowledge.upgrade() {
            knowledge.forget_all();
        }
    }

    fn close_unused(&mut self) {
        let used: HashSet<_> = self.routes.iter().map(|route| &route.place).collect();
        self.nodes.retain(|place, _| used.contains(place));
    }

    /// Asks shards, each where it is.
    async fn ask_all<C: Connect>(&mut self, client: &Client<C>, learning: &Learning) -> Result<()> {
        let mut shards = learning.shards();
        for &number in &shards {
            let place = &mut self.routes[number].place;
            *place = place.take().or_else(|| client.place(learning.key(number)));
        }
        let mut redirects = 0;
        while !shards.is_empty() {
            self.connect(client, &shards).await?;
            let groups = self.by_node(&shards).into_iter();
            let asked = groups.map(|(connection, shards)| self.ask_node(connection, shards, learning));
            let redirected = try_join_all(asked).await?;
            shards.clear();
            for (number, error) in redirected.into_iter().flatten() {
                let node = Node::of_redirect(&error).filter(|_| redirects < REDIRECTS);
                let is_asking = error.code() == Some("ASK");
                self.routes[number] = Route { place: Some(node.ok_or(error)?), is_asking };
                shards.push(number);
            }
            redirects += 1;
        }
        Ok(())
    }

    /// Makes the connections that shards need.
    async fn connect<C: Connect>(&mut self, client: &Client<C>, shards: &[usize]) -> RedisResult<()> {
        let needed: HashSet<_> = shards.iter().map(|&number| &self.routes[number].place).collect();
        let missing = needed.into_iter().filter(|place| !self.nodes.contains_key(*place));
        let made = missing.map(|place| self.connect_to(client, place.clone()));
        let made = try_join_all(made).await?;
        self.nodes.extend(made);
        Ok(())
    }

    async fn connect_to<C: Connect>(
        &self,
        client: &Client<C>,
        place: Place,
    ) -> RedisResult<(Place, MultiplexedConnection)> {
        let knowledge = self.knowledge.clone();
        // Where the connection is read, so that nothing waits for another task.
        let on_push = move |push: PushInfo| {
            if let Some(knowledge) = knowledge.upgrade() {
                knowledge.note(&push);
            }
            Ok::<(), RedisError>(())
        };
        let connection = client.connect_tracking(place.as_ref(), Arc::new(on_push)).await?;
        Ok((place, connection))
    }

    /// Shards, by the connections to their nodes.
    fn by_node(&self, shards: &[usize]) -> Vec<(MultiplexedConnection, Vec<usize>)> {
        let mut groups: HashMap<&Place, Vec<usize>> = HashMap::new();
        for &number in shards {
            groups.entry(&self.routes[number].place).or_default().push(number);
        }
        let connected = |(place, shards)| Some((self.nodes.get(place)?.clone(), shards));
        groups.into_iter().filter_map(connected).collect()
    }

    /// Asks one node for the figures of shards: which of them are elsewhere.
    async fn ask_node(
        &self,
        mut connection: MultiplexedConnection,
        shards: Vec<usize>,
        learning: &Learning,
    ) -> Result<Vec<(usize, RedisError)>> {
        let mut commands = pipe();
        for &number in &shards {
            if self.routes[number].is_asking {
                commands.cmd("ASKING").ignore();
            }
            let sale = learning.key(number);
            commands.add_command(encode(Command::Read { sale, query: Query::Info }));
        }
        let epochs: Vec<u64> = shards.iter().map(|&number| learning.epoch(number)).collect();
        let sent = Instant::now();
        let call = commands.ignore_errors().query_async(&mut connection);
        // What is replied later holds no more.
        let replies: RedisResult<Vec<Value>> = timeout(LIFE, call).await.unwrap_or_else(|_| Err(timed_out()));
        let mut redirected = vec![];
        for ((number, epoch), reply) in shards.into_iter().zip(epochs).zip(replies?) {
            match reply.extract_error() {
                Ok(reply) => {
                    let info: Info = parse(reply)?;
                    learning.keep(number, epoch, Figures::of(&info, sent));
                }
                Err(error) if error.redirect_node().is_some() => redirected.push((number, error)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(redirected)
    }
}
