//! A reader of the events of all shards.

use seckill_client::connect::Connect;
use seckill_client::{Cursors, ShardedFeed, ShardedSale};
use tokio::time::timeout;

use super::books::Books;
use super::stage::keys;
use crate::harness::conditions::PATIENCE;
use crate::harness::history::History;

pub(super) struct Reader<C: Connect> {
    feed: ShardedFeed<C>,
    shards: Vec<History>,
}

impl<C: Connect> Reader<C> {
    pub(super) fn of(sale: &ShardedSale<C>) -> Self {
        let shards = keys(sale).iter().map(|key| History::of(key)).collect();
        Self { feed: sale.feed(Cursors::start()).unwrap(), shards }
    }

    async fn read(&mut self) {
        let (shard, item) = self.feed.next().await.expect("it does not end").unwrap();
        self.shards[shard].store(item);
    }

    /// Reads while something happens.
    pub(super) async fn during<T>(&mut self, scenario: impl Future<Output = T>) -> T {
        let mut scenario = std::pin::pin!(scenario);
        loop {
            tokio::select! {
                () = self.read() => {}
                result = &mut scenario => return result,
            }
        }
    }

    /// Reads on, and has then the events that the shards have.
    pub(super) async fn must_have(&mut self, books: &Books) {
        let len = |shards: &[History]| shards.iter().map(History::len).sum::<usize>();
        while len(&self.shards) < len(&books.shards) {
            timeout(PATIENCE, self.read()).await.expect("the feed has all events");
        }
        for (read, shard) in self.shards.iter().zip(&books.shards) {
            assert!(read.events == shard.events, "{:?} is not {:?}", read.events, shard.events);
        }
    }
}
