//! The events of all shards, as one stream.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use futures_core::Stream;
use seckill_core::protocol::Code;

use super::sale::ShardedSale;
use crate::connect::Connect;
use crate::error::{Error, Result};
use crate::feed::{Cursor, Feed, FeedItem, ParseCursorError};

/// The events of all shards of a sale, as one stream that waits for the next one.
///
/// The events of each shard come in their sequence and without a gap, as by a [`Feed`]; those of different shards as they
/// are read, for they have no common sequence. A buyer's orders are in one shard. Each shard is read on a connection of
/// its own.
///
/// Store each item with the [cursors](Self::cursors) after it in one transaction.
///
/// ```no_run
/// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
/// use seckill_client::Cursors;
///
/// let mut feed = sale.feed(Cursors::start())?;
/// while let Some(item) = feed.next().await {
///     let (shard, item) = item?;
///     println!("{shard}: {item:?}, store with {}", feed.cursors());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read until the stream is polled"]
pub struct ShardedFeed<C: Connect = redis::Client> {
    feeds: Vec<Feed<C>>,
    /// The shard that is asked first for the next item, so that a shard with many events does not keep others waiting.
    next: usize,
    has_ended: bool,
}

/// The positions of a reader in the events of all shards: a [`Cursor`] for each. They are text by `Display` and `FromStr`,
/// with semicolons in between; nothing is the beginning of all.
///
/// ```
/// use seckill_client::Cursors;
///
/// assert_eq!("".parse::<Cursors>()?, Cursors::start());
/// # Ok::<_, seckill_client::ParseCursorError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Cursors(Vec<Cursor>);

impl Cursors {
    /// Before the first event of each shard.
    ///
    /// ```
    /// assert!(seckill_client::Cursors::start().of_shards().is_empty());
    /// ```
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// The cursor of each shard, in the order of their numbers; none at the beginning of all.
    ///
    /// ```no_run
    /// # fn example(feed: seckill_client::ShardedFeed) {
    /// for cursor in feed.cursors().of_shards() {
    ///     println!("{}", cursor.seq());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn of_shards(&self) -> &[Cursor] {
        &self.0
    }
}

/// From a cursor for each shard.
impl From<Vec<Cursor>> for Cursors {
    fn from(cursors: Vec<Cursor>) -> Self {
        Self(cursors)
    }
}

impl fmt::Display for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, cursor) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { ";" };
            write!(f, "{separator}{cursor}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursors({self})")
    }
}

impl FromStr for Cursors {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        if text.is_empty() {
            return Ok(Self::start());
        }
        text.split(';').map(str::parse).collect::<Result<Vec<_>, _>>().map(Self)
    }
}

impl<C: Connect> ShardedSale<C> {
    /// The events of all shards after these positions, as a stream that waits for more.
    ///
    /// # Errors
    ///
    /// `ERR` when the cursors are those of a sale with another number of shards.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let mut feed = sale.feed(seckill_client::Cursors::start())?;
    /// let first = feed.next().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn feed(&self, after: Cursors) -> Result<ShardedFeed<C>> {
        let shards = self.shards();
        let Cursors(mut cursors) = after;
        if cursors.is_empty() {
            cursors.resize_with(shards.len(), Cursor::start);
        }
        if cursors.len() != shards.len() {
            let message = format!("{} cursors for a sale of {} shards", cursors.len(), shards.len());
            return Err(Error::Server { code: Code::Err, message });
        }
        let feeds = shards.iter().zip(cursors).map(|(shard, cursor)| shard.feed(cursor)).collect();
        Ok(ShardedFeed { feeds, next: 0, has_ended: false })
    }
}

impl<C: Connect> ShardedFeed<C> {
    /// The positions after the last item that the stream yielded.
    ///
    /// ```no_run
    /// # async fn example(mut feed: seckill_client::ShardedFeed) -> seckill_client::Result<()> {
    /// let item = feed.next().await.transpose()?;
    /// println!("store {item:?} with {}", feed.cursors());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cursors(&self) -> Cursors {
        Cursors(self.feeds.iter().map(|feed| feed.cursor().clone()).collect())
    }

    /// The next item and the number of its shard, as soon as there is one; `None` when the stream ended: after an error,
    /// or after a fork that ends the [`Feed`] of a shard.
    ///
    /// # Errors
    ///
    /// One that would come again, of any shard. It is the last item.
    ///
    /// ```no_run
    /// # async fn example(mut feed: seckill_client::ShardedFeed) -> seckill_client::Result<()> {
    /// while let Some(item) = feed.next().await {
    ///     println!("{:?}", item?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Result<(usize, FeedItem)>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<C: Connect> Stream for ShardedFeed<C> {
    type Item = Result<(usize, FeedItem)>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let shards = self.feeds.len();
        if self.has_ended || shards == 0 {
            return Poll::Ready(None);
        }
        for turn in 0..shards {
            let shard = (self.next + turn) % shards;
            let Poll::Ready(item) = Pin::new(&mut self.feeds[shard]).poll_next(cx) else { continue };
            self.next = (shard + 1) % shards;
            self.has_ended = !matches!(item, Some(Ok(_)));
            return Poll::Ready(item.map(|item| item.map(|item| (shard, item))));
        }
        Poll::Pending
    }
}

impl<C: Connect> fmt::Debug for ShardedFeed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedFeed").field("cursors", &self.cursors()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_text() {
        let cursors = Cursors::from(vec![Cursor::after(7, 2), Cursor::start()]);
        assert_eq!(cursors.to_string().parse(), Ok(cursors));
        assert!("7@2;;".parse::<Cursors>().is_err());
    }
}
