//! What the steps of a sale of many shards cost a server: the inputs of the model.

use redis::{Cmd, Connection, IntoConnectionInfo, ProtocolVersion, Value, cmd, pipe};
use seckill_page::numerals::thousands;

use super::place::Place;
use super::places::Places;
use super::plan::ScalePlan;
use crate::blocking::blocking;
use crate::failure::Failure;
use crate::names;
use crate::numerals::us;
use crate::pipe::Pipe;
use crate::progress::Progress;
use crate::server_stats::cpu_us;
use crate::table::{Table, number, words};

/// Commands that are sent at once.
const DEPTH: usize = 100;
/// Connections with one command each, and those that are pushed a change.
const CONNECTIONS: u64 = 100;
const SALE: &str = "cost";
const JOURNAL: &str = "cost:transfers";

/// Processor time of the server, in µs: of a command among many that are sent at once, without reading and writing.
#[derive(Clone, Copy, serde::Serialize)]
pub(super) struct Costs {
    pub(super) accept: f64,
    pub(super) refuse: f64,
    pub(super) info: f64,
    pub(super) restock: f64,
    pub(super) lock: f64,
    pub(super) unlock: f64,
    /// An entry of the journal: added, deleted, and the journal read when it has none.
    pub(super) add: f64,
    pub(super) delete: f64,
    pub(super) read: f64,
    /// What comes on top where a command is read and replied to alone.
    pub(super) alone: f64,
    /// To push a change to one of those who read the shard.
    pub(super) push: f64,
}

pub(super) async fn run(
    plan: &ScalePlan,
    places: &mut Places,
    progress: &Progress,
) -> Result<Costs, Failure> {
    progress.begin("costs", 1);
    let (client, calls) = (places.alone.servers()[0].client().clone(), plan.calls);
    let costs = blocking(move || {
        let connection = client.get_connection()?;
        Meter { client: client.clone(), pipe: Pipe::open(&client, 1)?, connection, calls }.costs()
    });
    let costs = costs.await?;
    Place::clear(&mut places.alone)?;
    progress.step();
    Ok(costs)
}

struct Meter {
    client: redis::Client,
    /// To ask for the processor time.
    pipe: Pipe,
    connection: Connection,
    calls: u64,
}

impl Meter {
    fn costs(mut self) -> Result<Costs, Failure> {
        let calls = self.calls;
        self.pipe.ask::<()>(cmd("SECKILL.CREATE").arg(SALE).arg("STOCK").arg(calls))?;
        let accept = self.measure(DEPTH, buy)?;
        let refuse = self.measure(DEPTH, |number| buy(calls + number))?;
        let info = self.measure(DEPTH, |_| cmd("SECKILL.INFO").arg(SALE).take())?;
        let restock = self.measure(DEPTH, restock)?;
        let lock = self.measure(DEPTH, |number| {
            cmd("SECKILL.LOCK").arg(names::lock(number)).arg(names::token(number)).arg(100_000).take()
        })?;
        let unlock = self.measure(DEPTH, |number| {
            cmd("SECKILL.UNLOCK").arg(names::lock(number)).arg(names::token(number)).take()
        })?;
        let add = self.measure(DEPTH, |number| {
            cmd("XADD")
                .arg(JOURNAL)
                .arg(format!("{}-1", number + 1))
                .arg("transfer")
                .arg(names::order(number))
                .take()
        })?;
        let delete =
            self.measure(DEPTH, |number| cmd("XDEL").arg(JOURNAL).arg(format!("{}-1", number + 1)).take())?;
        let read = self.measure(DEPTH, |_| {
            cmd("XRANGE").arg(JOURNAL).arg("-").arg("+").arg("COUNT").arg(1_000).take()
        })?;
        let alone = self.alone()? - self.measure(DEPTH, |_| cmd("PING"))?;
        let push = self.push(restock + alone)?;
        Ok(Costs { accept, refuse, info, restock, lock, unlock, add, delete, read, alone, push })
    }

    /// The cost of a call of which so many are sent at once.
    fn measure(&mut self, depth: usize, call: impl Fn(u64) -> Cmd) -> Result<f64, Failure> {
        let before = cpu_us(&mut self.pipe)?;
        let numbers: Vec<u64> = (0..self.calls).collect();
        for numbers in numbers.chunks(depth) {
            let mut batch = pipe();
            for number in numbers {
                batch.add_command(call(*number));
            }
            batch.query::<Vec<Value>>(&mut self.connection)?;
        }
        Ok((cpu_us(&mut self.pipe)? - before) / self.calls as f64)
    }

    /// The cost of a PING that comes alone, on each of many connections.
    fn alone(&mut self) -> Result<f64, Failure> {
        let connections = (0..CONNECTIONS).map(|_| self.client.get_connection());
        let mut connections = connections.collect::<Result<Vec<_>, _>>()?;
        let (ping, rounds) = (cmd("PING").get_packed_command(), self.calls.div_ceil(CONNECTIONS));
        let before = cpu_us(&mut self.pipe)?;
        for _ in 0..rounds {
            for connection in &mut connections {
                connection.send_packed_command(&ping)?;
            }
            for connection in &mut connections {
                connection.recv_response()?;
            }
        }
        Ok((cpu_us(&mut self.pipe)? - before) / (rounds * CONNECTIONS) as f64)
    }

    /// The cost of a push, where the change itself costs so much.
    fn push(&mut self, change: f64) -> Result<f64, Failure> {
        let server = self.client.get_connection_info().clone();
        let by_resp3 = server.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = redis::Client::open(server.set_redis_settings(by_resp3).into_connection_info()?)?;
        let mut watchers = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut watcher = client.get_connection()?;
            cmd("CLIENT").arg("TRACKING").arg("ON").exec(&mut watcher)?;
            cmd("SECKILL.INFO").arg(SALE).exec(&mut watcher)?;
            watchers.push(watcher);
        }
        let before = cpu_us(&mut self.pipe)?;
        restock(self.calls).exec(&mut self.connection)?;
        Ok((cpu_us(&mut self.pipe)? - before - change).max(0.0) / CONNECTIONS as f64)
    }
}

fn buy(number: u64) -> Cmd {
    cmd("SECKILL.BUY").arg(SALE).arg(names::buyer(number)).arg(names::order(number)).take()
}

fn restock(number: u64) -> Cmd {
    let id = format!("transfer:0:1:1:{}", names::order(number));
    cmd("SECKILL.RESTOCK").arg(SALE).arg(1).arg("ID").arg(id).take()
}

pub(super) fn table(plan: &ScalePlan, costs: &Costs) -> Table {
    let Costs { accept, refuse, info, restock, lock, unlock, add, delete, read, alone, push } = *costs;
    let rows = [
        ("BUY, accepted", accept),
        ("BUY, sold out", refuse),
        ("INFO", info),
        ("RESTOCK with an ID", restock),
        ("LOCK", lock),
        ("UNLOCK", unlock),
        ("XADD to the journal", add),
        ("XDEL", delete),
        ("XRANGE, empty", read),
        ("on top, a command that comes alone", alone),
        ("a push of a change", push),
    ];
    Table {
        title: "Costs of the steps".to_owned(),
        about: format!("processor time of the server, µs, {} calls each", thousands(plan.calls as f64)),
        columns: vec![words("step"), number("µs")],
        rows: rows.into_iter().map(|(step, cost)| vec![step.to_owned(), us(cost)]).collect(),
        notes: Vec::new(),
    }
}
