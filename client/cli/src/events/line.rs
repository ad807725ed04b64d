//! An event as a line: the fields of `SECKILL.EVENTS`.

use seckill_client::{Event, EventKind, FeedItem, Rules};

use crate::names::Name;

/// A line. What an event does not have is left out.
#[derive(serde::Serialize)]
pub(super) struct Line<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<usize>,
    seq: u64,
    term: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    event: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Name<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer: Option<Name<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qty: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Name<'e>>,
    #[serde(flatten)]
    rules: Option<Rules>,
}

impl<'e> Line<'e> {
    /// The line of an item of this shard; `None` for a kind of item that this program does not know.
    pub(super) fn of(shard: Option<usize>, item: &'e FeedItem) -> Option<Self> {
        let line = match item {
            FeedItem::Event(event) => Self::of_event(event),
            FeedItem::Forked { seq, term } => Self::bare(*seq, *term, None, "FORKED"),
            _ => return None,
        };
        Some(Self { shard, ..line })
    }

    fn of_event(event: &'e Event) -> Self {
        let bare = |word| Self::bare(event.seq, event.term, Some(event.at), word);
        match &event.kind {
            EventKind::Created { qty, rules } => {
                Self { qty: i64::try_from(*qty).ok(), rules: Some(*rules), ..bare("CREATED") }
            }
            EventKind::Altered { rules } => Self { rules: Some(*rules), ..bare("ALTERED") },
            EventKind::Restocked { qty, id } => {
                Self { qty: Some(*qty), id: id.as_deref().map(Name), ..bare("RESTOCKED") }
            }
            EventKind::Order { state, order, buyer, qty, deadline } => Self {
                order: Some(Name(order)),
                buyer: Some(Name(buyer)),
                qty: Some((*qty).into()),
                deadline: *deadline,
                ..bare(state.as_str())
            },
            EventKind::Other { event } => bare(event),
            _ => bare("UNKNOWN"),
        }
    }

    fn bare(seq: u64, term: u64, at: Option<u64>, event: &'e str) -> Self {
        Self {
            shard: None,
            seq,
            term,
            at,
            event,
            order: None,
            buyer: None,
            qty: None,
            deadline: None,
            id: None,
            rules: None,
        }
    }
}
