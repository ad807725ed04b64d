//! Reads the events of a sale, page by page, again and again until the server replies.

use std::time::Duration;

use redis::Cmd;
use seckill_core::protocol::{Command, EVENTS_MAX, Millis, Query, Seq, Term};

use super::cursor::Position;
use crate::call::parse;
use crate::client::Client;
use crate::connect::Connect;
use crate::encode::encode;
use crate::error::{Error, Result};
use crate::own_connection::OwnConnection;
use crate::reply::Event;
use crate::retry::Backoff;
use crate::sale::Sale;

/// How long the server waits for an event before it replies that there is none.
const BLOCK: Duration = Duration::from_secs(3);
/// After this time without a reply the connection is lost, though nobody closed it.
const REPLY_WITHIN: Duration = Duration::from_secs(6);

/// What comes next in the events of a sale.
pub(super) enum Page {
    /// Its next events, at least one.
    Events(Vec<Event>),
    /// The position is not in the history of the sale.
    Forked { seq: u64, term: u64 },
}

pub(super) struct Reader<C: Connect> {
    key: Vec<u8>,
    connection: OwnConnection<C>,
    /// The last call was answered.
    is_connected: bool,
    backoff: Backoff,
}

impl<C: Connect> Reader<C> {
    pub(super) fn new(sale: &Sale<C>) -> Self {
        let client: Client<C> = sale.client().clone();
        Self {
            key: sale.key().to_owned(),
            connection: OwnConnection::new(client),
            is_connected: false,
            backoff: Backoff::endless(),
        }
    }

    /// Waits for what comes after a position. Fails with an error that would come again.
    pub(super) async fn read(&mut self, after: Position) -> Result<Page> {
        let command = self.command(after);
        loop {
            match self.connection.call(&command, REPLY_WITHIN).await {
                Ok(reply) => {
                    self.note_answer(after);
                    let events: Vec<Event> = parse(reply)?;
                    if !events.is_empty() {
                        return Ok(Page::Events(events));
                    }
                }
                Err(failure) => match failure.error {
                    Error::Forked { seq, term } => {
                        self.note_answer(after);
                        return Ok(Page::Forked { seq, term });
                    }
                    error if error.is_retryable() => self.wait(&error).await,
                    error => return Err(error),
                },
            }
        }
    }

    fn command(&self, after: Position) -> Cmd {
        let query = Query::Events {
            after: Seq(after.seq),
            term: Some(Term(after.term)),
            count: EVENTS_MAX,
            block: Some(Millis(BLOCK.as_millis() as u64)),
        };
        encode(Command::Read { sale: &self.key, query })
    }

    fn note_answer(&mut self, after: Position) {
        self.backoff.reset();
        if !self.is_connected {
            self.is_connected = true;
            tracing::debug!(name: "seckill.feed.connected", sale = %self.key.escape_ascii(), seq = after.seq);
        }
    }

    async fn wait(&mut self, error: &Error) {
        self.is_connected = false;
        tracing::debug!(name: "seckill.feed.retry", sale = %self.key.escape_ascii(), %error);
        self.backoff.wait().await;
    }
}
