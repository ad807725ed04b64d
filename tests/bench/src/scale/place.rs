//! The servers of a sale: one alone, or the nodes of a cluster.

use std::time::{Duration, Instant};

use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, cmd};
use seckill_client::connect::{Cluster, Connect};
use seckill_client::{Client, NewSale, ShardedSale};
use seckill_launcher::{Program, Server, free_port};
use tokio::time::sleep;

use super::raw::Stream;
use crate::failure::Failure;
use crate::pipe::Pipe;
use crate::server_stats::cpu_us;

const SLOTS: usize = 16_384;
/// Raw commands that are sent at once.
const DEPTH: usize = 100;
/// Between two looks at a cluster that forms.
const PAUSE: Duration = Duration::from_millis(20);
/// A cluster that does not serve by then has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Place {
    servers: Vec<Server>,
    pipes: Vec<Pipe>,
}

impl Place {
    /// One server that is no node of a cluster.
    pub(super) async fn alone(program: &Program) -> Result<Self, Failure> {
        let server = Server::start_with_port(program, "").await?;
        Ok(Self { pipes: vec![open(&server)?], servers: vec![server] })
    }

    /// A cluster of so many nodes, which share the slots evenly and in their order.
    pub(super) async fn cluster(program: &Program, nodes: usize) -> Result<Self, Failure> {
        let (mut servers, mut pipes, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..nodes {
            let bus = free_port();
            let config = format!("cluster-enabled yes\ncluster-port {bus}\ncluster-announce-ip 127.0.0.1");
            let server = Server::start_with_port(program, &config).await?;
            let mut pipe = open(&server)?;
            let (first, end) = (SLOTS * number / nodes, SLOTS * (number + 1) / nodes);
            pipe.ask::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(end - 1))?;
            // Different ones at once: otherwise the nodes would have to resolve the collision.
            pipe.ask::<()>(cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(number + 1))?;
            addresses.push((port(&server)?, bus));
            servers.push(server);
            pipes.push(pipe);
        }
        for (port, bus) in addresses {
            pipes[0].ask::<()>(cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(port).arg(bus))?;
        }
        let mut place = Self { servers, pipes };
        place.settle().await?;
        Ok(place)
    }

    /// Waits until all nodes know all, and serve.
    async fn settle(&mut self) -> Result<(), Failure> {
        let (begun, nodes) = (Instant::now(), self.servers.len());
        for pipe in &mut self.pipes {
            loop {
                let info: String = pipe.ask(cmd("CLUSTER").arg("INFO"))?;
                let view: String = pipe.ask(cmd("CLUSTER").arg("NODES"))?;
                let is_whole = view.lines().count() == nodes && !view.contains("handshake");
                if is_whole && info.contains("cluster_state:ok") {
                    break;
                }
                if begun.elapsed() > PATIENCE {
                    return Err("the cluster does not form".into());
                }
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Packs the commands for each server, to be sent on a connection of their own.
    pub(super) fn pack(&self, commands: Vec<Vec<Cmd>>) -> Result<Vec<Stream>, Failure> {
        let packed = self.servers.iter().zip(commands).map(|(server, commands)| {
            let pipe = Pipe::open(server.client(), DEPTH)?;
            let batches = pipe.pack(commands);
            Ok(Stream { pipe, batches })
        });
        packed.collect()
    }

    /// A client of the cluster.
    pub(super) fn cluster_client(&self) -> Result<Client<Cluster>, Failure> {
        let urls = self.servers.iter().map(url).collect::<Result<Vec<_>, _>>()?;
        Ok(Client::new(Cluster::new(urls)?))
    }

    /// A connection to the cluster.
    pub(super) async fn cluster_connection(&self) -> Result<ClusterConnection, Failure> {
        let urls = self.servers.iter().map(url).collect::<Result<Vec<_>, _>>()?;
        Ok(ClusterClient::new(urls)?.get_async_connection().await?)
    }

    /// A client of the server, which is alone.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        Ok(Client::open(url(&self.servers[0])?)?)
    }

    /// The processor time of all servers so far, in µs.
    pub(super) fn cpu_us(&mut self) -> Result<f64, Failure> {
        self.pipes.iter_mut().map(cpu_us).sum()
    }

    /// Deletes all keys.
    pub(super) fn clear(&mut self) -> Result<(), Failure> {
        self.pipes.iter_mut().try_for_each(|pipe| Ok(pipe.ask::<()>(cmd("FLUSHALL").arg("SYNC"))?))
    }
}

/// Creates a sale; one of a single shard is an ordinary sale at its own key.
pub(super) async fn create<C: Connect>(
    client: &Client<C>,
    shards: usize,
    stock: u64,
) -> Result<ShardedSale<C>, Failure> {
    let sale = NewSale::new(stock);
    if shards > 1 {
        return Ok(client.create_sharded(SALE, shards, sale).await?);
    }
    client.sale(SALE).create(sale).await?;
    Ok(client.sharded(SALE).await?)
}

/// The sale in each of so many processes, of which each has a client of its own.
pub(super) async fn open_in<C: Connect>(
    processes: usize,
    client: impl Fn() -> Result<Client<C>, Failure>,
) -> Result<Vec<ShardedSale<C>>, Failure> {
    let mut sales = Vec::new();
    for _ in 0..processes {
        sales.push(client()?.sharded(SALE).await?);
    }
    Ok(sales)
}

/// The only sale of a place.
pub(super) const SALE: &str = "bottles";

fn open(server: &Server) -> Result<Pipe, Failure> {
    Ok(Pipe::open(server.client(), 1)?)
}

fn port(server: &Server) -> Result<u16, Failure> {
    Ok(server.port().ok_or("the server has no port")?)
}

fn url(server: &Server) -> Result<String, Failure> {
    Ok(format!("redis://127.0.0.1:{}/?protocol=resp3", port(server)?))
}
