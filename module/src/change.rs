//! A change of a sale, and all who are told of it: replicas and the AOF, watchers and caches, keyspace
//! listeners, the counters and the schedule.

use std::ffi::CStr;

use seckill_core::command::Request;
use seckill_core::decide::{Decision, Moment, Outcome};
use seckill_core::error::Error;
use seckill_core::events::{Event, Reader, Standing};
use seckill_core::wire::Name;
use seckill_core::{Sale, Unfit};

use crate::redis::{Class, Context, Key, Stored, Str};
use crate::state::{self, Now};
use crate::{schedule, table};

/// The keyspace event of holds that ran out. It has no command.
const EXPIRE: &CStr = c"seckill.expire";

/// What decisions depend on besides the sale and the request.
pub(crate) fn moment(now: Now, lock_held: bool) -> Moment {
    Moment {
        now: now.ms(),
        tenure: state::tenure(),
        term: state::next_term(now),
        max_orders: state::max_orders(),
        lock_held,
    }
}

/// Judges a request to the sale at an open key, carries out what was decided, and tells the outcome.
pub(crate) fn decide(
    context: &Context,
    name: Str<'_>,
    key: Key<'_>,
    request: &Request<'_>,
    moment: &Moment,
    command: Name,
) -> Result<Outcome, Error> {
    let decision = key.stored().ok_or(Error::NoSale)?.sale.decide(request, moment);
    commit(context, name, key, &decision, Some(command))?;
    decision.outcome
}

/// Carries out a decision on the sale at an open key. It was caused by a command, or by the passing of time.
pub(crate) fn commit(
    context: &Context,
    name: Str<'_>,
    mut key: Key<'_>,
    decision: &Decision<'_>,
    command: Option<Name>,
) -> Result<(), Error> {
    let stored = key.stored_mut().ok_or(Error::NoSale)?;
    if let Err(Unfit(why)) = stored.sale.commit(decision) {
        // Nobody else is to follow where it does not fit here.
        stored.sale.mark_diverged();
        diverged(context, name, why);
        changed(context, name, &stored.sale);
        return Err(Error::Corrupt(why));
    }
    if !decision.is_idle() {
        replicate(context, name, decision);
        changed(context, name, &stored.sale);
    }
    schedule::note_and_arm(context, name, stored);
    // Whoever listens may do anything to the key, so it is closed first.
    drop(key);
    notify(context, name, decision, command);
    Ok(())
}

fn notify(context: &Context, key: Str<'_>, decision: &Decision<'_>, command: Option<Name>) {
    if decision.expired() > 0 {
        state::count(&state::HOLDS_EXPIRED, u64::try_from(decision.expired()).unwrap_or(u64::MAX));
        context.notify(Class::Module, EXPIRE, key);
    }
    if let (true, Some(command)) = (decision.changes(), command) {
        if command == Name::Buy {
            state::count(&state::ORDERS_ACCEPTED, 1);
        }
        context.notify(Class::Module, table::lower(command), key);
    }
}

/// Takes over the events of a batch that a primary decided. The sale begins with the first one.
pub(crate) fn follow(context: &Context, name: Str<'_>, mut key: Key<'_>, batch: &[u8]) -> Result<(), Error> {
    if key.stored().is_none() {
        key.put(Stored::new(Sale::new(Context::seed())));
    }
    let Some(stored) = key.stored_mut() else { return Err(Error::NoSale) };
    let sale = &mut stored.sale;
    let (before, was_diverged) = (sale.seq(), sale.diverged());
    let followed = sale.follow(batch);
    // Verbatim also when it did not follow: the AOF of this server is to diverge, too.
    context.replicate_verbatim();
    let events = event_names(batch, before, sale.seq());
    if before != sale.seq() || sale.diverged() != was_diverged {
        changed(context, name, sale);
    }
    schedule::note_and_arm(context, name, stored);
    drop(key);
    for event in events {
        context.notify(Class::Module, event, name);
    }
    followed.map_err(|Unfit(why)| {
        if !was_diverged {
            diverged(context, name, why);
        }
        Error::Corrupt(why)
    })
}

fn replicate(context: &Context, key: Str<'_>, decision: &Decision<'_>) {
    let mut batch = Vec::with_capacity(128);
    decision.batch(&mut batch);
    context.replicate_bytes(table::APPLY, key, &batch);
}

fn changed(context: &Context, key: Str<'_>, sale: &Sale) {
    state::observe_term(sale.term());
    context.signal_modified(key);
}

fn diverged(context: &Context, key: Str<'_>, why: &str) {
    state::count(&state::SALES_DIVERGED, 1);
    let key = key.bytes().escape_ascii();
    context.warn(&format!("the sale at {key} diverged from its primary and decides nothing more: {why}"));
}

/// The keyspace events of a batch that another server decided, of those that a sale took over when it went from one
/// seq to another; each once for a run of its kind.
fn event_names(batch: &[u8], before: u64, last: u64) -> Vec<&'static CStr> {
    let mut reader = Reader::new(batch);
    let entries = std::iter::from_fn(|| reader.as_mut()?.next().ok()?);
    let followed = entries.filter(|entry| before < entry.seq && entry.seq <= last);
    let mut names: Vec<_> = followed.map(|entry| event_name(&entry.event)).collect();
    names.dedup();
    names
}

fn event_name(event: &Event<'_>) -> &'static CStr {
    table::lower(match event {
        Event::Created { .. } => Name::Create,
        Event::Altered { .. } => Name::Alter,
        Event::Restocked { .. } => Name::Restock,
        Event::Opened { .. } => Name::Buy,
        Event::Moved { standing, .. } => match standing {
            Standing::Held { .. } => Name::Extend,
            Standing::Sold => Name::Confirm,
            Standing::Cancelled => Name::Cancel,
            Standing::Expired => return EXPIRE,
        },
    })
}
