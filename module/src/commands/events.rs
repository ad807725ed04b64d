//! EVENTS, and its readers that wait for the next event.

use std::sync::Arc;

use seckill_core::protocol::{CommandName, Error, Millis, Seq};
use seckill_core::waiting::{CallId, Pace, Reader, Readers};
use seckill_core::{Role, Sale};

use super::call::Result;
use super::event_reply::event;
use super::failure::Failure;
use super::sale_key::sale_at;
use super::waiters::check_room;
use crate::clocks;
use crate::key_name::KeyName;
use crate::readers::{self, TIMER};
use crate::redis::blocking::{self, BlockedCalls};
use crate::redis::{Context, Key, Owned, Str};

/// Calls of EVENTS that wait.
struct EventsCalls;

impl BlockedCalls for EventsCalls {
    fn reply(context: &Context, call: u64) {
        let call = CallId(call);
        let was_woken = readers::with(|readers| readers.is_woken(call));
        let Some((sale, reader)) = readers::with(|readers| readers.answer(call)) else {
            return context.reply_null();
        };
        let Some(name) = Owned::new(&sale.key) else { return context.reply_null() };
        let key = Key::read(context, name.borrow());
        match sale_at(&key).and_then(|sale| Ok((sale, count(context, sale, &reader)?))) {
            Ok((sale, count)) if was_woken => send(context, sale, reader.after, count),
            // Its time is up.
            Ok((sale, count)) if readers::may_be_served() => {
                readers::pace(|pace| pace.spend(count));
                send(context, sale, reader.after, count);
            }
            Ok(_) => reply_none(context),
            Err(Failure::Core(Error::NoSale)) if is_elsewhere(context, name.borrow()) => reply_none(context),
            Err(failure) => failure.reply(context),
        }
    }

    fn abandoned(_: &Context, call: u64) {
        readers::with(|readers| readers.abandon(CallId(call)));
    }

    fn ended(_: &Context, call: u64, _: Option<u64>) {
        readers::with(|readers| readers.abandon(CallId(call)));
    }
}

/// EVENTS of a sale at an open key.
pub(super) fn read(
    context: &Context,
    name: Str<'_>,
    sale: &Sale,
    reader: Reader,
    block: Option<Millis>,
) -> Result {
    let count = count(context, sale, &reader)?;
    if let Some(timeout) = block.filter(|_| context.may_block()) {
        // A reader for whom there are events waits, too, when others have taken up the time that readers may take.
        if count == 0 {
            return wait(context, name, reader, timeout);
        }
        if !readers::may_be_served() && wait(context, name, reader, timeout).is_ok() {
            readers::sale_changed(context, name);
            return Ok(());
        }
        readers::pace(|pace| pace.spend(count));
    }
    send(context, sale, reader.after, count);
    Ok(())
}

/// How many events a reader is to be sent.
fn count(context: &Context, sale: &Sale, reader: &Reader) -> Result<u64> {
    if let Some(term) = reader.term {
        let role = if context.flags().is_primary() { Role::Primary } else { Role::Replica };
        sale.check_reader(term, reader.after, role)?;
    }
    Ok(sale.seq().0.saturating_sub(reader.after.0).min(reader.count))
}

fn reply_none(context: &Context) {
    context.reply_array([].iter(), |()| {});
}

fn send(context: &Context, sale: &Sale, after: Seq, count: u64) {
    let events = sale.events(after).take(usize::try_from(count).unwrap_or(usize::MAX));
    context.reply_array(events, |entry| event(context, sale, &entry));
}

fn wait(context: &Context, name: Str<'_>, reader: Reader, timeout: Millis) -> Result {
    check_room()?;
    let Some(call) = blocking::block::<EventsCalls>(context, name, timeout.0) else {
        reply_none(context);
        return Ok(());
    };
    let sale = Arc::new(KeyName::new(context.db(), name.bytes()));
    readers::with(|readers| readers.join(CallId(call), sale, reader));
    Ok(())
}

/// Wakes readers for whom there is something, as many as may be served now. The timer calls this.
pub(crate) fn wake_readers(context: &Context) {
    while readers::may_be_served() {
        let Some((call, sale, reader)) = readers::with(Readers::next_to_look_at) else { return };
        let Some(name) = Owned::new(&sale.key).filter(|_| context.select_db(sale.db)) else { continue };
        match news(context, name.borrow(), &reader) {
            Some(events) => {
                readers::pace(|pace| pace.spend(events));
                readers::with(|readers| readers.wake(call));
                blocking::unblock(call.0);
            }
            None => readers::pace(Pace::look),
        }
    }
    TIMER.set(context, clocks::now().to_ms().0.saturating_add(1));
}

/// How many events there are for a reader, 0 for an error; `None` if it is to wait on.
fn news(context: &Context, name: Str<'_>, reader: &Reader) -> Option<u64> {
    let key = Key::read(context, name);
    match sale_at(&key).and_then(|sale| count(context, sale, reader)) {
        Ok(0) => None,
        Ok(events) => Some(events),
        Err(Failure::Core(Error::NoSale)) if is_elsewhere(context, name) => None,
        Err(_) => Some(0),
    }
}

/// Whether a sale that is not here may be at another node of the cluster. The server redirects its readers when the
/// slot has moved. A replica cannot tell, so its readers wait on, too.
fn is_elsewhere(context: &Context, name: Str<'_>) -> bool {
    !context.owns(name, CommandName::Grant.as_c_str())
}
