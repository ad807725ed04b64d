//! Reads the events of the sale that is looked at.

use redis::aio::MultiplexedConnection;
use seckill_client::{After, Code, Error, Event, Info, Result, Seckill};

use super::holds::{Due, Holds};

/// Events that are shown.
const SHOWN: u64 = 100;
/// Events in one reply, which keeps the server busy for half a millisecond.
const PAGE: u64 = 1000;
/// Replies in one pass.
const PAGES: usize = 10;
/// Events that are read to find out when holds fall due. Older ones are passed over.
const LOOK_BACK: u64 = 200_000;

/// Follows one sale.
pub(super) struct Follower {
    pub(super) sale: Vec<u8>,
    holds: Holds,
}

/// What the events of a sale say.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// The last events, the latest first.
    pub(super) latest: Vec<Event>,
    pub(super) due: Due,
}

impl Follower {
    pub(super) fn new(sale: &[u8]) -> Self {
        Self { sale: sale.to_owned(), holds: Holds::default() }
    }

    /// Reads the last events, and some more of those that place holds.
    pub(super) async fn go_on(
        &mut self,
        connection: &mut MultiplexedConnection,
        info: &Info,
    ) -> Result<History> {
        let shown = After::seq(info.seq.saturating_sub(SHOWN)).count(SHOWN);
        let mut latest = connection.seckill().events(&self.sale, shown).await?;
        latest.reverse();
        match self.read_holds(connection, info).await {
            // A failover took events back, or another sale is at the key now.
            Err(error) if error.code() == Some(Code::Forked) => {
                self.holds = Holds::default();
                self.read_holds(connection, info).await?;
            }
            result => result?,
        }
        Ok(History { latest, due: self.holds.due(info) })
    }

    async fn read_holds(&mut self, connection: &mut MultiplexedConnection, info: &Info) -> Result<(), Error> {
        let oldest = info.seq.saturating_sub(LOOK_BACK);
        if self.holds.position.is_none_or(|(seq, _)| seq < oldest) {
            self.holds = Holds::default();
        }
        for _ in 0..PAGES {
            let after = match self.holds.position {
                Some((seq, term)) => After::seq(seq).term(term),
                None => After::seq(oldest),
            };
            let page = connection.seckill().events(&self.sale, after.count(PAGE)).await?;
            page.iter().for_each(|event| self.holds.push(event));
            if (page.len() as u64) < PAGE {
                break;
            }
        }
        Ok(())
    }
}
