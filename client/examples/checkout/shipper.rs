//! The consumer of events that ships what was sold.

use std::collections::BTreeMap;

use seckill_client::connect::Connect;
use seckill_client::{Cursor, Event, EventKind, FeedItem, Result, Sale, State};

/// Follows a sale until this many orders are sold, and ships each: how many it shipped.
///
/// A shop stores its shipments together with [`Feed::cursor`](seckill_client::Feed::cursor) in one transaction of its
/// database, and begins there when it starts again. So it ships each order once.
pub(crate) async fn ship<C: Connect>(sale: Sale<C>, orders: u64) -> Result<usize> {
    let mut shipments = BTreeMap::new();
    let mut feed = sale.feed(Cursor::start());
    while let Some(item) = feed.next().await {
        match item? {
            FeedItem::Event(event) => {
                if let Some(order) = sold(&event) {
                    println!("ship {}", String::from_utf8_lossy(order));
                    shipments.insert(event.seq, (event.term, order.clone()));
                }
            }
            // A failover lost orders that were accepted: what was not handed over yet is not shipped.
            FeedItem::Forked { seq, term } => {
                shipments.retain(|number, (of, _)| *number <= seq && *of <= term);
            }
            _ => {}
        }
        if shipments.len() as u64 == orders {
            break;
        }
    }
    Ok(shipments.len())
}

/// The order that an event sells.
fn sold(event: &Event) -> Option<&Vec<u8>> {
    match &event.kind {
        EventKind::Order { state: State::Sold, order, .. } => Some(order),
        _ => None,
    }
}
