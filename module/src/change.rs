//! A change of a sale, and all who are told of it: replicas and the AOF, watchers and caches, keyspace
//! listeners, the counters and the schedule.

use std::ffi::CStr;

use seckill_core::command::Request;
use seckill_core::decide::{Decision, Moment, Outcome};
use seckill_core::error::Error;
use seckill_core::events::{Event, Standing};
use seckill_core::wire::Name;
use seckill_core::{Sale, Unfit};

use crate::redis::{Class, Context, Key, Stored, Str};
use crate::state::{self, Now};
use crate::{schedule, table};

/// The keyspace event of holds that ran out. It has no command.
const EXPIRE: &CStr = c"seckill.expire";
/// No decision causes a longer batch: a replica takes it in one piece.
const WHOLE: usize = usize::MAX;

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

/// Judges a request, carries out what was decided, and tells the outcome.
pub(crate) fn decide(
    context: &Context,
    key: Str<'_>,
    stored: &mut Stored,
    request: &Request<'_>,
    moment: &Moment,
    name: Name,
) -> Result<Outcome, Error> {
    let decision = stored.sale.decide(request, moment);
    commit(context, key, &mut stored.sale, &decision, Some(name))?;
    schedule::note_and_arm(context, key, stored);
    if let (Ok(Outcome::State(_)), Name::Buy, true) = (&decision.outcome, name, decision.changes()) {
        state::count(&state::ORDERS_ACCEPTED, 1);
    }
    decision.outcome
}

/// Carries out a decision that was caused by the command `name`, or by the passing of time.
pub(crate) fn commit(
    context: &Context,
    key: Str<'_>,
    sale: &mut Sale,
    decision: &Decision<'_>,
    name: Option<Name>,
) -> Result<(), Error> {
    if decision.is_idle() {
        return Ok(());
    }
    let before = sale.seq();
    let committed = sale.commit(decision);
    replicate(context, key, sale, before);
    changed(context, key, sale);
    if decision.expired() > 0 {
        state::count(&state::HOLDS_EXPIRED, u64::try_from(decision.expired()).unwrap_or(u64::MAX));
        context.notify(Class::Module, EXPIRE, key);
    }
    if let (true, Some(name)) = (decision.changes(), name) {
        context.notify(Class::Module, table::lower(name), key);
    }
    committed.map_err(|Unfit(why)| {
        sale.mark_diverged();
        diverged(context, key, why);
        Error::Corrupt(why)
    })
}

/// Takes over the events of a batch that a primary decided. The sale begins with the first one.
pub(crate) fn follow(context: &Context, name: Str<'_>, key: &mut Key<'_>, batch: &[u8]) -> Result<(), Error> {
    if key.stored().is_none() {
        key.put(Stored::new(Sale::new(Context::seed())));
    }
    let Some(stored) = key.stored_mut() else { return Err(Error::NoSale) };
    let before = stored.sale.seq();
    let was_diverged = stored.sale.diverged();
    let followed = stored.sale.follow(batch);
    // Verbatim also when it did not follow: the AOF of this server is to diverge, too.
    context.replicate_verbatim();
    if stored.sale.seq() != before || stored.sale.diverged() != was_diverged {
        changed(context, name, &stored.sale);
        announce(context, name, &stored.sale, before);
    }
    schedule::note_and_arm(context, name, stored);
    followed.map_err(|Unfit(why)| {
        if !was_diverged {
            diverged(context, name, why);
        }
        Error::Corrupt(why)
    })
}

fn replicate(context: &Context, key: Str<'_>, sale: &Sale, before: u64) {
    let mut batch = Vec::with_capacity(128);
    if sale.batch(before, WHOLE, &mut batch).is_some() {
        context.replicate_bytes(table::APPLY, key, &batch);
    }
}

fn changed(context: &Context, key: Str<'_>, sale: &Sale) {
    state::observe(sale.term());
    context.signal_modified(key);
}

fn diverged(context: &Context, key: Str<'_>, why: &str) {
    state::count(&state::SALES_DIVERGED, 1);
    let key = key.bytes().escape_ascii();
    context.warn(&format!("the sale at {key} diverged from its primary and decides nothing more: {why}"));
}

/// Sends the keyspace events of what another server decided, each once for a run of its kind.
fn announce(context: &Context, key: Str<'_>, sale: &Sale, before: u64) {
    let mut last = None;
    for entry in sale.events(before) {
        let event = match entry.event {
            Event::Created { .. } => table::lower(Name::Create),
            Event::Altered { .. } => table::lower(Name::Alter),
            Event::Restocked { .. } => table::lower(Name::Restock),
            Event::Opened { .. } => table::lower(Name::Buy),
            Event::Moved { standing: Standing::Held { .. }, .. } => table::lower(Name::Extend),
            Event::Moved { standing: Standing::Sold, .. } => table::lower(Name::Confirm),
            Event::Moved { standing: Standing::Cancelled, .. } => table::lower(Name::Cancel),
            Event::Moved { standing: Standing::Expired, .. } => EXPIRE,
        };
        if last != Some(event) {
            context.notify(Class::Module, event, key);
            last = Some(event);
        }
    }
}
