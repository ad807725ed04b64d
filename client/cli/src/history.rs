//! All events of a sale, from the first on.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use futures_util::future::try_join_all;
use seckill_client::{After, Event, Sale, ShardedInfo};

use crate::exit::Failure;
use crate::progress;
use crate::servers::{AnySale, Connector};

/// Events in one reply: few enough that the server is not busy for long.
const PAGE: usize = 1000;
/// Events of all shards that are in memory at the most, unless there are very many shards.
const AHEAD: usize = 64 * PAGE;
/// The fewest events in one reply.
const LEAST: usize = 100;

/// Reads all events that the sale has when this begins: the figures that they lead to. Those of a shard, whose number comes
/// with each, are in their sequence; those of several shards are ordered by their time. A bar shows how far it is.
pub(crate) async fn read(sale: &AnySale, mut each: impl FnMut(usize, Event)) -> Result<ShardedInfo, Failure> {
    let info = sale.info().await?;
    let bar = progress::events(info.total().seq)?;
    let page = (AHEAD / info.shards.len().max(1)).clamp(LEAST, PAGE);
    let shards = sale.shards().into_iter().zip(&info.shards);
    let mut readers: Vec<_> = shards.map(|(shard, info)| Reader::new(shard, info.seq, page)).collect();
    let heads = try_join_all(readers.iter_mut().map(Reader::head)).await?;
    let heads = heads.into_iter().enumerate();
    let mut next: BinaryHeap<_> = heads.filter_map(|(shard, at)| Some(Reverse((at?, shard)))).collect();
    while let Some(Reverse((_, shard))) = next.pop() {
        let reader = &mut readers[shard];
        reader.page.pop_front().into_iter().for_each(|event| each(shard, event));
        bar.inc(1);
        next.extend(reader.head().await?.map(|at| Reverse((at, shard))));
    }
    bar.finish_and_clear();
    Ok(info)
}

/// Reads the events of one shard up to one of them.
struct Reader {
    sale: Sale<Connector>,
    last: u64,
    /// Of the last event that was read.
    seq: u64,
    term: Option<u64>,
    page: VecDeque<Event>,
    count: usize,
}

impl Reader {
    fn new(sale: Sale<Connector>, last: u64, count: usize) -> Self {
        Self { sale, last, seq: 0, term: None, page: VecDeque::new(), count }
    }

    /// The time of the next event.
    async fn head(&mut self) -> Result<Option<u64>, Failure> {
        if self.page.is_empty() && self.seq < self.last {
            self.read().await?;
        }
        Ok(self.page.front().map(|event| event.at))
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let after = After::seq(self.seq).count(self.count as u64);
        let page = self.sale.events(self.term.map_or(after, |term| after.term(term))).await?;
        let Some(last) = page.last() else {
            return Err(Failure::Server(format!(
                "the sale has no event after {}, although its last is {}",
                self.seq, self.last
            )));
        };
        (self.seq, self.term) = (last.seq, Some(last.term));
        self.page = page.into_iter().filter(|event| event.seq <= self.last).collect();
        Ok(())
    }
}
