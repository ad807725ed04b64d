//! The servers of a sharded sale, reached by a client.

use std::time::Duration;

use futures_util::future::join_all;
use redis::{Cmd, FromRedisValue, cmd};
use seckill_core::protocol::{Code, Command, Name, Query, Request};

use super::layout::Layout;
use super::replicas::Replicas;
use super::servers::{Ending, Entry, Figures, Restocked, Servers};
use super::transfer::Transfer;
use crate::call::parse;
use crate::client::Client;
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::encode::encode;
use crate::error::{Error, Result};
use crate::lock::Guard;
use crate::reply::Info;

/// The lease of the movers' lock. One who ended without a release keeps others waiting no longer.
const LEASE: Duration = Duration::from_secs(3);

/// Done transfers are kept so long, in ms. An automatic failover of Redis Cluster takes a replica that was without its
/// primary for some 160 s at most, unless it is configured otherwise.
const KEPT_FOR: u64 = 10 * 60 * 1_000;
/// The most transfers that are read at once.
const MOST_AT_ONCE: usize = 1_000;
/// In so many parts at most, for there may be entries that are no transfers.
const MOST_PAGES: usize = 10;
/// The most done transfers that are read.
const MOST_DONE: usize = 10_000;

/// The field of an entry.
const TRANSFER: &str = "transfer";
/// That of a transfer that became void.
const VOID: &str = "void";

pub(super) struct Remote<C: Connect> {
    client: Client<C>,
    layout: Layout,
    /// What waits until replicas have what a transfer wrote, before its next step; nothing does unless it is asked for.
    replicas: Option<Replicas<C>>,
}

impl<C: Connect> Remote<C> {
    pub(super) fn new(client: &Client<C>, layout: &Layout, replicas: Option<Replicas<C>>) -> Self {
        Self { client: client.clone(), layout: layout.clone(), replicas }
    }

    /// Sends a command on which the next step of a transfer depends.
    async fn write<T: FromRedisValue>(&self, client: &Client<C>, key: &[u8], command: &Cmd) -> Result<T> {
        match &self.replicas {
            Some(replicas) => Ok(parse(replicas.write(client, key, command).await?)?),
            None => Ok(client.call(command).await?.reply),
        }
    }

    /// The key of a shard that a transfer names.
    pub(super) fn shard(&self, shard: usize) -> Result<&[u8]> {
        let shards = self.layout.shards();
        let missing = || Error::Server {
            code: Code::Err,
            message: format!("a transfer names shard {shard} of a sale of {}", shards.len()),
        };
        shards.get(shard).map(Vec::as_slice).ok_or_else(missing)
    }

    fn has_shards_of(&self, transfer: Transfer) -> bool {
        transfer.from.max(transfer.to) < self.layout.shards().len()
    }

    /// The transfers in a part of a stream, and how each ended; and the id of the last entry.
    async fn range(&self, command: Cmd) -> Result<(Option<String>, Vec<(Entry, Ending)>)> {
        let entries: Vec<(String, Vec<Vec<u8>>)> = self.client.call(&command).await?.reply;
        // What else is written there has nothing to do with transfers of this sale.
        let last = entries.last().map(|(id, _)| id.clone());
        let transfers = entries.into_iter().filter_map(|(id, fields)| entry(id, &fields));
        Ok((last, transfers.filter(|(entry, _)| self.has_shards_of(entry.transfer)).collect()))
    }
}

fn entry(id: String, fields: &[Vec<u8>]) -> Option<(Entry, Ending)> {
    let [field, transfer] = fields else { return None };
    let ending = match std::str::from_utf8(field).ok()? {
        TRANSFER => Ending::Moved,
        VOID => Ending::Void,
        _ => return None,
    };
    let transfer = std::str::from_utf8(transfer).ok()?.parse().ok()?;
    Some((Entry { transfer, id }, ending))
}

impl<C: Connect> Servers for Remote<C> {
    type Turn = Guard;

    async fn turn(&self, patience: Duration) -> Result<Option<Guard>> {
        self.client.lock(self.layout.mover()).wait(LEASE, patience).await
    }

    async fn end_turn(&self, turn: Option<Guard>) {
        if let Some(guard) = turn {
            // The lock is free after its lease, whatever comes of this.
            let _ = guard.release().await;
        }
    }

    async fn ready(&self, shard: usize) -> Result<()> {
        match &self.replicas {
            Some(replicas) => {
                let sale = self.shard(shard)?;
                let read = encode(Command::Read { sale, query: Query::Info });
                replicas.write(&self.client, sale, &read).await.map(drop)
            }
            None => Ok(()),
        }
    }

    async fn figures(&self) -> Vec<Option<Figures>> {
        // A server that hangs is not waited for: it has no units to give.
        let client = self.client.clone().within(ANSWER_WITHIN);
        let reads = self.layout.shards().iter().map(|shard| {
            let sale = client.sale(shard.as_slice());
            async move { sale.info().await.ok().map(|info| figures(&info)) }
        });
        join_all(reads).await
    }

    async fn restock(&self, shard: usize, delta: i64, id: String) -> Result<Restocked> {
        // A server that hangs is not waited for for long: others in this process wait meanwhile, and the half may be repeated.
        let client = self.client.clone().within(ANSWER_WITHIN);
        let sale = client.sale(self.shard(shard)?);
        let command = sale.deciding(Request::Restock { delta, id: Some(Name::new("id", id.as_bytes())?) });
        match self.write(&client, sale.key(), &command).await {
            Ok(available) => Ok(Restocked::Applied(available)),
            Err(Error::Server { code: Code::NoStock, .. }) => Ok(Restocked::NoStock),
            Err(Error::Server { code: Code::Mismatch, .. }) => Ok(Restocked::Mismatch),
            Err(error) => Err(error),
        }
    }

    async fn begin(&self, transfer: Transfer) -> Result<Entry> {
        let journal = self.layout.journal();
        let mut add = cmd("XADD");
        add.arg(&journal).arg("*").arg(TRANSFER).arg(transfer.to_string());
        Ok(Entry { transfer, id: self.write(&self.client, &journal, &add).await? })
    }

    async fn under_way(&self) -> Result<Vec<Entry>> {
        let mut after = "-".to_owned();
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut read = cmd("XRANGE");
            read.arg(self.layout.journal()).arg(&after).arg("+").arg("COUNT").arg(MOST_AT_ONCE);
            let (last, entries) = self.range(read).await?;
            found.extend(entries.into_iter().map(|(entry, _)| entry));
            match last {
                Some(last) if found.len() < MOST_AT_ONCE => after = format!("({last}"),
                _ => break,
            }
        }
        Ok(found)
    }

    async fn end(&self, entry: &Entry, ending: Ending) -> Result<()> {
        // The journal and this stream are on one server, so the time in the entry's id is that of its clock.
        let begun = entry.id.split('-').next().and_then(|ms| ms.parse().ok()).unwrap_or(0u64);
        let mut add = cmd("XADD");
        add.arg(self.layout.done()).arg("MINID").arg("~").arg(begun.saturating_sub(KEPT_FOR)).arg("*");
        let field = match ending {
            Ending::Moved => TRANSFER,
            Ending::Void => VOID,
        };
        add.arg(field).arg(entry.transfer.to_string());
        let _: String = self.client.call(&add).await?.reply;
        let mut delete = cmd("XDEL");
        delete.arg(self.layout.journal()).arg(&entry.id);
        self.client.call::<u64>(&delete).await?;
        Ok(())
    }

    async fn done(&self) -> Result<Vec<(Transfer, Ending)>> {
        let mut read = cmd("XREVRANGE");
        read.arg(self.layout.done()).arg("+").arg("-").arg("COUNT").arg(MOST_DONE);
        let done = self.range(read).await?.1.into_iter();
        Ok(done.map(|(entry, ending)| (entry.transfer, ending)).collect())
    }
}

fn figures(info: &Info) -> Figures {
    Figures { available: info.available, taken: info.held + info.sold, seq: info.seq, term: info.term }
}
