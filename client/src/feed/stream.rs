//! The events of a sale, as a stream.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;

use super::cursor::Cursor;
use super::reader::{Page, Reader};
use crate::connect::Connect;
use crate::error::Result;
use crate::reply::Event;
use crate::sale::Sale;

/// The events of a sale, as a stream that waits for the next one.
///
/// It reads on a connection of its own, which is closed when it is dropped. When the connection is lost, or the server
/// cannot serve it (it loads, it failed over, the slot of the sale moves), it connects again and goes on after the last
/// event. It has at most one page of events that were not asked for yet: 1,000.
///
/// A failover may lose the last events of a sale. Then the stream yields [`FeedItem::Forked`], which says what to take
/// back, and goes on with the events that the sale has instead. So what is stored is in the end what the sale has. Store
/// each item with the [cursor](Self::cursor) after it in one transaction; a feed that begins at this cursor goes on
/// exactly there.
///
/// The stream ends
///
/// - after an error that would come again, such as `NOSALE` when the sale was deleted, `WRONGTYPE` or `NOPERM`. The error
///   is its last item;
/// - after a fork, if the cursor does not know the event that is the last one then. That happens when the cursor began
///   [after an event](Cursor::after) of a term that is taken back as a whole, or when a fork takes back the last 100
///   terms. Take back what it says, and begin a new feed after the last event that is left.
///
/// A replica may be asked, too: it has an event somewhat later. It can reply a fork about events that it will not have
/// any more, or that it has not received yet when it has changed its primary; then they come a second time.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::{Cursor, Event, FeedItem};
///
/// let mut stored: Vec<Event> = Vec::new();
/// let mut feed = sale.feed(Cursor::start());
/// while let Some(item) = feed.next().await {
///     match item? {
///         FeedItem::Event(event) => stored.push(event),
///         FeedItem::Forked { seq, term } => stored.retain(|event| event.seq <= seq && event.term <= term),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read until the stream is polled"]
pub struct Feed<C: Connect = redis::Client> {
    /// After the last item that was yielded.
    cursor: Cursor,
    /// Events that were read, and not yielded yet.
    events: vec::IntoIter<Event>,
    state: State<C>,
}

enum State<C: Connect> {
    Idle(Reader<C>),
    Reading(Reading<C>),
    Ended,
}

type Reading<C> = Pin<Box<dyn Future<Output = (Reader<C>, Result<Page>)> + Send>>;

/// What a [`Feed`] yields.
///
/// ```no_run
/// # fn example(item: seckill_client::FeedItem, stored: &mut Vec<seckill_client::Event>) {
/// use seckill_client::FeedItem;
///
/// match item {
///     FeedItem::Event(event) => stored.push(event),
///     FeedItem::Forked { seq, term } => stored.retain(|event| event.seq <= seq && event.term <= term),
///     _ => {}
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FeedItem {
    /// The next event.
    Event(Event),
    /// The last event is not in the history of the sale: a failover lost it, or the sale was created anew. Take back all
    /// events of a higher `seq`, and all of a higher `term`, and whatever was derived from them. More of this item may
    /// follow, at most one for each term that was stored, and then the events that the sale has instead.
    Forked {
        /// The last `seq` that may be left.
        seq: u64,
        /// The highest `term` that may be left.
        term: u64,
    },
}

impl<C: Connect> Sale<C> {
    /// The events after a position, as a stream that waits for more. Nothing is sent until it is polled.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// let mut feed = sale.feed(seckill_client::Cursor::start());
    /// while let Some(item) = feed.next().await {
    ///     println!("{:?}", item?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn feed(&self, after: Cursor) -> Feed<C> {
        Feed { cursor: after, events: Vec::new().into_iter(), state: State::Idle(Reader::new(self)) }
    }
}

impl<C: Connect> Feed<C> {
    /// The position after the last item that the stream yielded. When the stream ended after a fork, it is still that
    /// before the fork.
    ///
    /// ```no_run
    /// # async fn example(mut feed: seckill_client::Feed) -> seckill_client::Result<()> {
    /// let item = feed.next().await.transpose()?;
    /// println!("store {item:?} with {}", feed.cursor());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The next item, as soon as there is one; `None` when the stream ended. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// One that would come again, such as `NOSALE`. It is the last item.
    ///
    /// ```no_run
    /// # async fn example(mut feed: seckill_client::Feed) -> seckill_client::Result<()> {
    /// while let Some(item) = feed.next().await {
    ///     println!("{:?}", item?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Result<FeedItem>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The next page, as soon as there is one; `None` when the stream ended.
    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Idle(reader) => self.state = State::Reading(read(reader, &self.cursor)),
                State::Reading(mut reading) => {
                    let Poll::Ready((reader, page)) = reading.as_mut().poll(cx) else {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    if page.is_ok() {
                        self.state = State::Idle(reader);
                    }
                    return Poll::Ready(Some(page));
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }

    fn fork(&mut self, seq: u64, term: u64) -> FeedItem {
        tracing::debug!(name: "seckill.feed.forked", seq, term, cursor = %self.cursor);
        if !self.cursor.take_back(seq, term) {
            self.state = State::Ended;
        }
        FeedItem::Forked { seq, term }
    }
}

fn read<C: Connect>(mut reader: Reader<C>, after: &Cursor) -> Reading<C> {
    let after = after.last();
    Box::pin(async move {
        let page = reader.read(after).await;
        (reader, page)
    })
}

impl<C: Connect> Stream for Feed<C> {
    type Item = Result<FeedItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.events.next() {
                self.cursor.advance(event.seq, event.term);
                return Poll::Ready(Some(Ok(FeedItem::Event(event))));
            }
            match ready!(self.poll_page(cx)) {
                Some(Ok(Page::Events(events))) => self.events = events.into_iter(),
                Some(Ok(Page::Forked { seq, term })) => return Poll::Ready(Some(Ok(self.fork(seq, term)))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<C: Connect> fmt::Debug for Feed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
