//! A change of a sale, applied and reported: to replicas and the AOF, to clients that watch or cache the key,
//! to listeners of keyspace events, to the counters and the schedule.

use std::ffi::CStr;

use seckill_core::protocol::{CommandName, EXPIRE_EVENT, Error, Seq, UnixMicros};
use seckill_core::{ApplyError, BatchReader, Decision, Event, Moment, NamedEvent, OrderStatus, Origin, Sale};

use super::call::Result;
use super::failure::Failure;
use crate::redis::{Class, Context, Key, Str};
use crate::stored::Stored;
use crate::{clocks, configs, counters, persistence, readers};

/// What a decision depends on besides the sale and the request.
pub(super) fn moment(now: UnixMicros, lock_held: bool) -> Moment {
    Moment {
        now: now.to_ms(),
        epoch: clocks::epoch(),
        term: clocks::next_term(now),
        max_orders: configs::max_orders(),
        max_events: configs::max_events(),
        lock_held,
    }
}

/// Applies a decision to the sale at an open key, and reports it. `command` is `None` when time caused it.
pub(super) fn commit(
    context: &Context,
    name: Str<'_>,
    mut key: Key<'_>,
    decision: &Decision<'_>,
    command: Option<CommandName>,
) -> Result {
    apply_decision(context, name, &mut key, decision)?;
    // A listener may do anything to the key, so it is closed first.
    drop(key);
    if !decision.is_idle() {
        notify(context, name, decision, command);
    }
    Ok(())
}

/// Applies a decision to the sale at an open key, and reports it to all but listeners of keyspace events.
#[inline]
pub(super) fn apply_decision(
    context: &Context,
    name: Str<'_>,
    key: &mut Key<'_>,
    decision: &Decision<'_>,
) -> Result {
    if decision.is_idle() {
        return Ok(());
    }
    let stored = key.value_mut::<Stored>().ok_or(Error::NoSale)?;
    if let Err(error) = stored.sale.commit(decision) {
        warn_diverged(context, name, error);
        report_change(context, name, &stored.sale);
        return Err(Failure::Apply(error));
    }
    let mut batch = Vec::with_capacity(128);
    decision.encode_batch(&mut batch);
    context.replicate_bytes(CommandName::Apply.as_c_str(), name, &batch);
    report_change(context, name, &stored.sale);
    stored.schedule(context, context.db(), name);
    Ok(())
}

/// Emits the keyspace events of a decision. No key may be open.
pub(super) fn notify(
    context: &Context,
    name: Str<'_>,
    decision: &Decision<'_>,
    command: Option<CommandName>,
) {
    if decision.expired() > 0 {
        counters::HOLDS_EXPIRED.add(decision.expired());
        context.notify(Class::Module, EXPIRE_EVENT, name);
    }
    if let (true, Some(command)) = (decision.has_event(), command) {
        match command {
            CommandName::Buy => counters::ORDERS_ACCEPTED.add(1),
            CommandName::Create => persistence::warn_of_first_sale(context),
            _ => {}
        }
        context.notify(Class::Module, command.lower_case(), name);
    }
}

/// Applies a batch that the primary sent to the sale at an open key, and reports it. The first batch creates
/// the sale.
pub(super) fn apply_batch(
    context: &Context,
    name: Str<'_>,
    mut key: Key<'_>,
    batch: &[u8],
    origin: Origin,
) -> Result {
    if key.value::<Stored>().is_none() {
        key.put(Stored::blank());
    }
    let stored = key.value_mut::<Stored>().ok_or(Error::NoSale)?;
    let sale = &mut stored.sale;
    let (before, was_diverged) = (sale.seq(), sale.diverged());
    let applied = sale.apply_batch(batch, origin);
    // Verbatim also when it cannot be applied: the AOF of this server is to diverge, too.
    context.replicate_verbatim();
    let events = keyspace_events(batch, before, sale.seq());
    if before != sale.seq() || sale.diverged() != was_diverged {
        report_change(context, name, sale);
    }
    stored.schedule(context, context.db(), name);
    drop(key);
    for event in events {
        context.notify(Class::Module, event, name);
    }
    applied.map_err(|error| {
        if !was_diverged {
            warn_diverged(context, name, error);
        }
        Failure::Apply(error)
    })
}

fn report_change(context: &Context, name: Str<'_>, sale: &Sale) {
    clocks::observe_term(sale.term());
    context.signal_modified(name);
    readers::sale_changed(context, name);
}

fn warn_diverged(context: &Context, name: Str<'_>, error: ApplyError) {
    counters::SALES_DIVERGED.add(1);
    let name = name.bytes().escape_ascii();
    context.warn(&format!("the sale at {name} diverged from its primary and decides nothing more: {error}"));
}

/// The keyspace events of the events that were applied: those with `before < seq <= last`. Neighbours of one
/// kind are reported once.
fn keyspace_events(batch: &[u8], before: Seq, last: Seq) -> Vec<&'static CStr> {
    let entries = BatchReader::new(batch).into_iter().flatten().flatten();
    let applied = entries.filter(|entry| before < entry.seq && entry.seq <= last);
    let mut events: Vec<_> = applied.map(|entry| keyspace_event(&entry.event)).collect();
    events.dedup();
    events
}

fn keyspace_event(event: &NamedEvent<'_>) -> &'static CStr {
    let command = match event {
        Event::Created { .. } => CommandName::Create,
        Event::Altered { .. } => CommandName::Alter,
        Event::Restocked { .. } => CommandName::Restock,
        Event::Opened { .. } => CommandName::Buy,
        Event::StatusChanged { status, .. } => match status {
            OrderStatus::Held { .. } => CommandName::Extend,
            OrderStatus::Sold => CommandName::Confirm,
            OrderStatus::Cancelled => CommandName::Cancel,
            OrderStatus::Expired => return EXPIRE_EVENT,
        },
    };
    command.lower_case()
}
