//! The bytes of an event. A batch and the log differ only in how they name a new order and a restock.

use super::event::{Event, OpenStatus, OrderStatus};
use crate::format::kind;
use crate::protocol::{MAX_INT, MAX_QTY, Millis, OrderNumber, Rules, UnixMs};
use crate::storage::varint::{put, take, unzigzag, zigzag};

/// The id of a restock, in the form that an encoding has of its own.
pub(super) trait IdCodec<'a>: Sized {
    /// Appends the bytes.
    fn put(id: Option<&Self>, out: &mut Vec<u8>);

    /// Takes the bytes from the front; `None` when they are malformed.
    fn take(bytes: &mut &'a [u8]) -> Option<Option<Self>>;
}

/// An event as an encoding has it.
type Encoded<Opening, Id> = Event<Opening, OrderNumber, Id>;

/// Appends an event that happened at an instant; `before` is the time of the event before it. `put_opening`
/// appends what the encoding has of a new order.
pub(super) fn put_event<'a, Opening, Id: IdCodec<'a>>(
    out: &mut Vec<u8>,
    before: UnixMs,
    at: UnixMs,
    event: &Encoded<Opening, Id>,
    put_opening: impl FnOnce(&mut Vec<u8>, &Opening),
) {
    debug_assert!(before <= at, "time runs backwards");
    out.push(match event {
        Event::Created { .. } => kind::CREATED,
        Event::Altered { .. } => kind::ALTERED,
        Event::Restocked { .. } => kind::RESTOCKED,
        Event::Opened { status: OpenStatus::Held { .. }, .. } => kind::OPENED_HELD,
        Event::Opened { status: OpenStatus::Sold, .. } => kind::OPENED_SOLD,
        Event::StatusChanged { status, .. } => match status {
            OrderStatus::Held { .. } => kind::HELD,
            OrderStatus::Sold => kind::SOLD,
            OrderStatus::Cancelled => kind::CANCELLED,
            OrderStatus::Expired => kind::EXPIRED,
        },
    });
    put(out, at.0.saturating_sub(before.0));
    match event {
        Event::Created { stock, rules } => {
            put(out, *stock);
            put_rules(out, *rules);
        }
        Event::Altered { rules } => put_rules(out, *rules),
        Event::Restocked { delta, id } => {
            put(out, zigzag(*delta));
            Id::put(id.as_ref(), out);
        }
        Event::Opened { opening, status } => {
            put_opening(out, opening);
            put_deadline(out, at, (*status).into());
        }
        Event::StatusChanged { order, status } => {
            put(out, u64::from(order.0));
            put_deadline(out, at, *status);
        }
    }
}

/// Takes an event from the front of `bytes`, with its time; `None` when what stands there is no event.
/// `take_opening` takes what the encoding has of a new order.
#[inline]
pub(super) fn take_event<'a, Opening, Id: IdCodec<'a>>(
    bytes: &mut &'a [u8],
    before: UnixMs,
    take_opening: impl FnOnce(&mut &'a [u8]) -> Option<Opening>,
) -> Option<(UnixMs, Encoded<Opening, Id>)> {
    let (&kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let at = take_later(bytes, before)?;
    let event = match kind {
        kind::CREATED => Event::Created { stock: take_at_most(bytes, MAX_INT)?, rules: take_rules(bytes)? },
        kind::ALTERED => Event::Altered { rules: take_rules(bytes)? },
        kind::RESTOCKED => {
            let delta = unzigzag(take(bytes)?);
            if delta.unsigned_abs() > MAX_INT {
                return None;
            }
            Event::Restocked { delta, id: Id::take(bytes)? }
        }
        kind::OPENED_HELD | kind::OPENED_SOLD => {
            let opening = take_opening(bytes)?;
            let status = match kind {
                kind::OPENED_HELD => OpenStatus::Held { deadline: take_later(bytes, at)? },
                _ => OpenStatus::Sold,
            };
            Event::Opened { opening, status }
        }
        kind::HELD..=kind::EXPIRED => {
            let order = OrderNumber(u32::try_from(take(bytes)?).ok()?);
            let status = match kind {
                kind::HELD => OrderStatus::Held { deadline: take_later(bytes, at)? },
                kind::SOLD => OrderStatus::Sold,
                kind::CANCELLED => OrderStatus::Cancelled,
                _ => OrderStatus::Expired,
            };
            Event::StatusChanged { order, status }
        }
        _ => return None,
    };
    Some((at, event))
}

/// A deadline is written as ms after the event.
fn put_deadline(out: &mut Vec<u8>, at: UnixMs, status: OrderStatus) {
    if let Some(deadline) = status.deadline() {
        debug_assert!(at <= deadline, "a hold ends before it begins");
        put(out, deadline.0.saturating_sub(at.0));
    }
}

fn take_later(bytes: &mut &[u8], than: UnixMs) -> Option<UnixMs> {
    let instant = UnixMs(than.0.checked_add(take(bytes)?)?);
    (instant <= UnixMs::MAX).then_some(instant)
}

fn put_rules(out: &mut Vec<u8>, rules: Rules) {
    let Rules { limit, hold, opens, closes } = rules;
    for rule in [limit, hold.0, opens.0, closes.0] {
        put(out, rule);
    }
}

fn take_rules(bytes: &mut &[u8]) -> Option<Rules> {
    let rules = Rules {
        limit: take_at_most(bytes, MAX_QTY)?,
        hold: Millis(take_at_most(bytes, MAX_INT)?),
        opens: UnixMs(take_at_most(bytes, MAX_INT)?),
        closes: UnixMs(take_at_most(bytes, MAX_INT)?),
    };
    rules.checked().ok()
}

/// Takes an integer; `None` when it is larger than `max`, too.
pub(super) fn take_at_most(bytes: &mut &[u8], max: u64) -> Option<u64> {
    take(bytes).filter(|value| *value <= max)
}
