//! The events that the shards of a sale have now, ordered by their time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use futures_util::future::try_join_all;
use seckill_client::{Cursor, Cursors, Feed, FeedItem, Sale};
use tokio::time::timeout;

use crate::exit::Failure;
use crate::servers::{AnySale, Connector};

/// When nothing comes for so long, it is looked whether there is anything to come.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What each shard has from a position on, up to the event that is its last one when this begins.
pub(super) struct Merged {
    shards: Vec<Shard>,
    /// The time of the next item of each shard that has one.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Merged {
    /// Reads from these positions on.
    pub(super) async fn begin(sale: &AnySale, after: Cursors) -> Result<Self, Failure> {
        // It refuses positions of another number of shards, and has one for each.
        let after = sale.feed(after)?.cursors();
        let shards = sale.shards().into_iter().zip(after.of_shards());
        let mut shards = try_join_all(shards.map(|(sale, after)| Shard::begin(sale, after.clone()))).await?;
        let times = try_join_all(shards.iter_mut().map(Shard::read)).await?;
        let next = times.into_iter().enumerate();
        let next = next.filter_map(|(shard, at)| Some(Reverse((at?, shard)))).collect();
        Ok(Self { shards, next })
    }

    /// The next item, and the number of its shard.
    pub(super) async fn next(&mut self) -> Result<Option<(usize, FeedItem)>, Failure> {
        while let Some(Reverse((_, number))) = self.next.pop() {
            let shard = &mut self.shards[number];
            let item = shard.take();
            // The one after it, so that its time is known.
            self.next.extend(shard.read().await?.map(|at| Reverse((at, number))));
            if let Some(item) = item {
                return Ok(Some((number, item)));
            }
        }
        Ok(None)
    }

    /// The positions after the items that were returned.
    pub(super) fn cursors(&self) -> Cursors {
        self.shards.iter().map(|shard| shard.taken.clone()).collect::<Vec<_>>().into()
    }
}

/// The events of one shard.
struct Shard {
    sale: Sale<Connector>,
    feed: Feed<Connector>,
    /// The `seq` and the `term` of the last event.
    end: (u64, u64),
    has_read: bool,
    /// The next item, which was read and not taken.
    head: Option<FeedItem>,
    /// After the last item that was taken.
    taken: Cursor,
}

impl Shard {
    async fn begin(sale: Sale<Connector>, after: Cursor) -> Result<Self, Failure> {
        let end = end(&sale).await?;
        Ok(Self { feed: sale.feed(after.clone()), sale, end, has_read: false, head: None, taken: after })
    }

    fn take(&mut self) -> Option<FeedItem> {
        self.taken = self.feed.cursor().clone();
        self.head.take()
    }

    /// Reads the next item: its time. `None` at the end.
    async fn read(&mut self) -> Result<Option<u64>, Failure> {
        while self.position() != self.end && !(self.has_read && self.position().0 > self.end.0) {
            let Ok(item) = timeout(ASK_AGAIN, self.feed.next()).await else {
                // The server may be gone, have lost events, or be a replica that has not yet what the cursor knows.
                self.end = end(&self.sale).await?;
                if self.position().0 >= self.end.0 {
                    break;
                }
                continue;
            };
            let item = item.ok_or_else(ended)??;
            let at = match &item {
                FeedItem::Event(event) => event.at,
                // It comes before what the sale has instead.
                _ => 0,
            };
            self.has_read = !matches!(item, FeedItem::Forked { .. });
            if !self.has_read {
                self.end = end(&self.sale).await?;
            }
            self.head = Some(item);
            return Ok(Some(at));
        }
        Ok(None)
    }

    /// The `seq` and the `term` of the last item.
    fn position(&self) -> (u64, u64) {
        (self.feed.cursor().seq(), self.feed.cursor().term())
    }
}

/// The feed of a sale ended after a fork.
pub(super) fn ended() -> Failure {
    Failure::Refused(
        "the position is older than what the sale tells of its past: take back all events, and begin without the cursor"
            .to_owned(),
    )
}

/// The position of the last event.
async fn end(sale: &Sale<Connector>) -> Result<(u64, u64), Failure> {
    let info = sale.info().await?;
    Ok((info.seq, info.term))
}
