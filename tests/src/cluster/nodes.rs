//! The nodes: three primaries that share the slots, and replicas.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use redis::ProtocolVersion;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use seckill_client::{Client, connect};
use seckill_launcher::free_port;

use crate::harness::conditions::{PATIENCE, wait_until};
use crate::harness::info::stat;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

const SLOTS: usize = 16_384;
const PRIMARIES: usize = 3;

pub(crate) struct Node {
    pub(crate) server: Server,
    pub(crate) id: String,
    bus: u16,
}

impl Node {
    async fn start(config: &str) -> Self {
        let bus = free_port();
        let cluster = format!("cluster-enabled yes\ncluster-port {bus}\ncluster-announce-ip 127.0.0.1");
        let server = Server::primary(&format!("{cluster}\n{config}")).await;
        let id = get(&mut server.connect().await, "CLUSTER MYID").await;
        Self { server, id, bus }
    }

    pub(crate) async fn connect(&self) -> Connection {
        self.server.connect().await
    }

    /// Plays `COMMAND => reply` on this node.
    pub(crate) async fn play(&self, session: &str) {
        play(&mut self.connect().await, session).await;
    }

    async fn meet(&self, other: &Self) {
        self.play(&format!("CLUSTER MEET 127.0.0.1 {} {} => OK", other.server.port(), other.bus)).await;
    }

    /// The nodes as this one sees them; `None` while it does not serve, or lacks the links to more than so many: it
    /// asks the others for their votes by these.
    async fn view(&self, down: usize) -> Option<BTreeSet<Seen>> {
        let mut connection = self.connect().await;
        let state: String = get(&mut connection, "CLUSTER INFO").await;
        let nodes: String = get(&mut connection, "CLUSTER NODES").await;
        let serves = state.contains("cluster_state:ok") && !nodes.contains("handshake");
        let has_links = nodes.matches(" disconnected").count() <= down;
        (serves && has_links).then(|| nodes.lines().map(Seen::read).collect())
    }
}

/// A node as another sees it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    id: String,
    /// The id of its primary; `-` when it is one itself.
    primary: String,
    /// First and last of each range of slots.
    slots: Vec<(usize, usize)>,
}

impl Seen {
    /// Reads a line of CLUSTER NODES.
    fn read(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        // Slots in brackets are being moved.
        let slots = words[8..].iter().filter(|range| !range.starts_with('['));
        let number = |word: &str| word.parse().unwrap();
        let slots = slots.map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            (number(first), number(last))
        });
        Self { id: words[0].to_owned(), primary: words[3].to_owned(), slots: slots.collect() }
    }

    fn has(&self, slot: usize) -> bool {
        self.slots.iter().any(|&(first, last)| (first..=last).contains(&slot))
    }
}

pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
}

impl Cluster {
    /// Three primaries with a third of the slots each.
    pub(crate) async fn start(config: &str) -> Self {
        let nodes = join_all((0..PRIMARIES).map(|_| Node::start(config))).await;
        for (number, node) in nodes.iter().enumerate() {
            let (first, end) = (SLOTS * number / PRIMARIES, SLOTS * (number + 1) / PRIMARIES);
            // Different config epochs at once: otherwise the nodes would have to resolve the collision.
            let session = format!(
                "CLUSTER ADDSLOTSRANGE {first} {} => OK\nCLUSTER SET-CONFIG-EPOCH {} => OK",
                end - 1,
                number + 1
            );
            node.play(&session).await;
            nodes[0].meet(node).await;
        }
        let cluster = Self { nodes };
        cluster.settle().await;
        cluster
    }

    /// Adds a replica of a node, and waits until it has caught up. Returns its number.
    pub(crate) async fn add_replica(&mut self, of: usize, config: &str) -> usize {
        let replica = Node::start(config).await;
        self.nodes[0].meet(&replica).await;
        let mut connection = replica.connect().await;
        let primary = &self.nodes[of];
        wait_until("the replica knows its primary", async || {
            get::<String>(&mut connection, "CLUSTER NODES").await.contains(&primary.id)
        })
        .await;
        replica.play(&format!("CLUSTER REPLICATE {} => OK", primary.id)).await;
        replica.server.catch_up(&primary.server).await;
        self.nodes.push(replica);
        self.settle().await;
        self.nodes.len() - 1
    }

    /// Waits until all nodes know each other, serve, and agree on the owners of slots and the primaries of
    /// replicas.
    pub(crate) async fn settle(&self) {
        self.settle_without(0).await;
    }

    /// The same while so many further nodes are down.
    pub(crate) async fn settle_without(&self, down: usize) {
        wait_until("all nodes agree", async || {
            let mut views = BTreeSet::new();
            for node in &self.nodes {
                views.insert(node.view(down).await);
            }
            let agreed = views.pop_first().flatten();
            views.is_empty() && agreed.is_some_and(|nodes| nodes.len() == self.nodes.len() + down)
        })
        .await;
    }

    /// The slot of a key, and the number of the node that has it.
    pub(crate) async fn place(&self, key: &str) -> (usize, usize) {
        let mut connection = self.nodes[0].connect().await;
        let slot = get(&mut connection, &format!("CLUSTER KEYSLOT {key}")).await;
        let view = self.nodes[0].view(self.nodes.len()).await.expect("the cluster serves");
        let owner = &view.iter().find(|node| node.has(slot)).unwrap().id;
        (slot, self.nodes.iter().position(|node| node.id == *owner).unwrap())
    }

    /// The URL of each node.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("redis://127.0.0.1:{}/", node.server.port())).collect()
    }

    /// A client of the nodes.
    pub(crate) fn client(&self) -> Client<connect::Cluster> {
        Client::new(connect::Cluster::new(self.urls()).unwrap())
    }

    /// A connection that finds the owner of each key by itself.
    pub(crate) async fn connect(&self) -> ClusterConnection {
        let client = ClusterClient::builder(self.urls())
            .use_protocol(ProtocolVersion::RESP3)
            .response_timeout(PATIENCE)
            .connection_timeout(PATIENCE)
            .retries(u32::try_from(PATIENCE.as_millis()).unwrap() / RETRY_MS as u32)
            .retry_wait_formula(RETRY_MS, 1)
            .build();
        client.unwrap().get_async_connection().await.unwrap()
    }

    /// The sum of a counter of the module over some nodes.
    pub(crate) async fn total(&self, counter: &str) -> u64 {
        let mut total = 0;
        for node in &self.nodes {
            let count = stat(&mut node.connect().await, "seckill", &format!("seckill_{counter}")).await;
            total += count.parse::<u64>().unwrap();
        }
        total
    }
}

/// How long a client waits, in ms, before it repeats a call.
const RETRY_MS: u64 = 10;
