//! The options for the rules of a sale, which `create` and `alter` have.

use std::time::Duration;

use redis::cmd;
use seckill_client::connect::Connect;

use crate::exit::Failure;
use crate::servers::Connector;
use crate::times::{When, duration};

/// The rules of a sale. What is not named is not changed; a new sale has none of it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Rules {
    /// Units that one buyer may have; 0: any number
    #[arg(long, value_name = "UNITS")]
    pub(super) limit: Option<u32>,
    /// How long an order is held until it is confirmed, such as 10m; 0s: orders are sold at once
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) hold: Option<Duration>,
    /// When the sale opens: 2026-11-27T20:00:00Z, +10m, now or never (always open)
    #[arg(long, value_name = "WHEN")]
    opens: Option<When>,
    /// When the sale closes, likewise
    #[arg(long, value_name = "WHEN")]
    closes: Option<When>,
    /// Orders that one buyer may place, in whatever state they are; 0: any number
    #[arg(long, value_name = "ORDERS")]
    pub(super) attempts: Option<u32>,
}

/// The window of a sale in unix time in ms, as far as it is named.
pub(super) struct Window {
    pub(super) opens: Option<u64>,
    pub(super) closes: Option<u64>,
}

impl Rules {
    /// Whether nothing is named.
    pub(super) fn is_empty(&self) -> bool {
        let Self { limit, hold, opens, closes, attempts } = self;
        limit.is_none() && hold.is_none() && opens.is_none() && closes.is_none() && attempts.is_none()
    }

    /// The window, by the clock of the server.
    pub(super) async fn window(&self, connector: &Connector) -> Result<Window, Failure> {
        window(connector, self.opens, self.closes).await
    }
}

/// What these instants are by the clock of the server.
pub(super) async fn window(
    connector: &Connector,
    opens: Option<When>,
    closes: Option<When>,
) -> Result<Window, Failure> {
    let is_relative = opens.into_iter().chain(closes).any(When::is_relative);
    let now = if is_relative { server_time(connector).await? } else { 0 };
    let millis = |when: Option<When>| when.map(|when| when.millis(now));
    Ok(Window { opens: millis(opens), closes: millis(closes) })
}

/// The clock of the server, in unix time in ms.
async fn server_time(connector: &Connector) -> Result<u64, Failure> {
    let mut connection = connector.connect().await?;
    let (seconds, micros): (u64, u64) = cmd("TIME").query_async(&mut connection).await?;
    Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}
