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
        Event::Created { rules: Rules { attempts: None, .. }, .. } => kind::CREATED,
        Event::Created { .. } => kind::CREATED_ATTEMPTS,
        Event::Altered { rules: Rules { attempts: None, .. } } => kind::ALTERED,
        Event::Altered { .. } => kind::ALTERED_ATTEMPTS,
        Event::Restocked { .. } => kind::RESTOCKED,
        Event::Opened { status: OpenStatus::Held { deadline }, .. } if *deadline < at => {
            kind::OPENED_HELD_PAST
        }
        Event::Opened { status: OpenStatus::Held { .. }, .. } => kind::OPENED_HELD,
        Event::Opened { status: OpenStatus::Sold, .. } => kind::OPENED_SOLD,
        Event::StatusChanged { status, .. } => match status {
            OrderStatus::Held { deadline } if *deadline < at => kind::HELD_PAST,
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
        kind::CREATED | kind::CREATED_ATTEMPTS => {
            let stock = take_at_most(bytes, MAX_INT)?;
            Event::Created { stock, rules: take_rules(bytes, kind == kind::CREATED_ATTEMPTS)? }
        }
        kind::ALTERED | kind::ALTERED_ATTEMPTS => {
            Event::Altered { rules: take_rules(bytes, kind == kind::ALTERED_ATTEMPTS)? }
        }
        kind::RESTOCKED => {
            let delta = unzigzag(take(bytes)?);
            if delta.unsigned_abs() > MAX_INT {
                return None;
            }
            Event::Restocked { delta, id: Id::take(bytes)? }
        }
        kind::OPENED_HELD | kind::OPENED_SOLD | kind::OPENED_HELD_PAST => {
            let opening = take_opening(bytes)?;
            let status = match kind {
                kind::OPENED_HELD => OpenStatus::Held { deadline: take_later(bytes, at)? },
                kind::OPENED_HELD_PAST => OpenStatus::Held { deadline: take_earlier(bytes, at)? },
                _ => OpenStatus::Sold,
            };
            Event::Opened { opening, status }
        }
        kind::HELD..=kind::EXPIRED | kind::HELD_PAST => {
            let order = OrderNumber(u32::try_from(take(bytes)?).ok()?);
            let status = match kind {
                kind::HELD => OrderStatus::Held { deadline: take_later(bytes, at)? },
                kind::HELD_PAST => OrderStatus::Held { deadline: take_earlier(bytes, at)? },
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

/// A deadline is written as ms from the event; the kind says in which direction. It is before the event where
/// the server's clock was set back: the times of events never fall, and deadlines are on the clock.
fn put_deadline(out: &mut Vec<u8>, at: UnixMs, status: OrderStatus) {
    if let Some(deadline) = status.deadline() {
        put(out, deadline.0.abs_diff(at.0));
    }
}

/// An instant before another one; `None` for the same instant, which has another kind.
fn take_earlier(bytes: &mut &[u8], than: UnixMs) -> Option<UnixMs> {
    let distance = take(bytes).filter(|distance| *distance > 0)?;
    than.0.checked_sub(distance).map(UnixMs)
}

fn take_later(bytes: &mut &[u8], than: UnixMs) -> Option<UnixMs> {
    let instant = UnixMs(than.0.checked_add(take(bytes)?)?);
    (instant <= UnixMs::MAX).then_some(instant)
}

fn put_rules(out: &mut Vec<u8>, rules: Rules) {
    let Rules { limit, attempts, hold, opens, closes } = rules;
    for rule in [limit, hold.0, opens.0, closes.0].into_iter().chain(attempts) {
        put(out, rule);
    }
}

fn take_rules(bytes: &mut &[u8], with_attempts: bool) -> Option<Rules> {
    let mut rules = Rules {
        limit: take_at_most(bytes, MAX_QTY)?,
        attempts: None,
        hold: Millis(take_at_most(bytes, MAX_INT)?),
        opens: UnixMs(take_at_most(bytes, MAX_INT)?),
        closes: UnixMs(take_at_most(bytes, MAX_INT)?),
    };
    if with_attempts {
        rules.attempts = Some(take_at_most(bytes, MAX_QTY)?);
    }
    rules.checked().ok()
}

/// Takes an integer; `None` when it is larger than `max`, too.
pub(super) fn take_at_most(bytes: &mut &[u8], max: u64) -> Option<u64> {
    take(bytes).filter(|value| *value <= max)
}
