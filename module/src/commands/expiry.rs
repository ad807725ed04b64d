//! Holds that fall due without a command: the timer expires them.

use std::time::{Duration, Instant};

use seckill_core::protocol::{CommandName, Millis, UnixMicros};

use super::commit::{commit, moment};
use crate::key_name::KeyName;
use crate::redis::{Context, Key, Owned, cpu_time};
use crate::schedule::{self, TIMER};
use crate::stored::Stored;
use crate::{clocks, counters};

/// Holds that are expired in one step. Between two steps the time spent is checked.
const STEP: usize = 64;
/// The longest time that one call of the timer works. No client is served meanwhile.
const TIME_SLICE: Duration = Duration::from_micros(500);
/// When to try again for a slot that another server owns. There may be many sales in it.
const FOREIGN_SLOT_RETRY: Millis = Millis(100);

/// Expires holds that are due, for one time slice. The timer calls this.
pub(crate) fn run_due(context: &Context) {
    if !context.flags().is_primary() {
        return;
    }
    let now = clocks::now();
    if context.writes_are_paused() {
        TIMER.try_again(context);
        return;
    }
    let (begin, before) = (Instant::now(), cpu_time());
    while begin.elapsed() < TIME_SLICE
        && let Some(hint) = schedule::pop_due(now.to_ms())
    {
        expire(context, hint, now, begin);
    }
    let spent = cpu_time().saturating_sub(before).as_micros();
    counters::LONGEST_SWEEP.record(u64::try_from(spent).unwrap_or(u64::MAX));
    schedule::arm(context);
}

/// Expires the holds of one sale that are due, until the time slice ends.
fn expire(context: &Context, hint: KeyName, now: UnixMicros, begin: Instant) {
    let Some(name) = Owned::new(&hint.key).filter(|_| context.select_db(hint.db)) else { return };
    let name = name.borrow();
    if !context.owns(name, CommandName::Grant.as_c_str()) {
        // The key is not opened for writing, which would delete one that has expired.
        if let Some(stored) = Key::read(context, name).value_mut::<Stored>() {
            stored.scheduled = Some(schedule::push(now.to_ms().plus(FOREIGN_SLOT_RETRY), hint));
        }
        return;
    }
    if let Some(stored) = Key::write(context, name).value_mut::<Stored>() {
        stored.scheduled = None;
    }
    // Each step opens the key anew: a listener to the events of the step before may have deleted it.
    loop {
        let mut key = Key::write(context, name);
        let Some(stored) = key.value_mut::<Stored>() else { return };
        let decision = stored.sale.decide_expiry(&moment(now, false), STEP);
        if decision.is_idle() {
            // The hold that was to be due has another deadline now, or the clock was set back.
            stored.schedule(context, context.db(), name);
            return;
        }
        let committed = commit(context, name, key, &decision, None);
        if decision.expired() < STEP || committed.is_err() || begin.elapsed() >= TIME_SLICE {
            return;
        }
    }
}
