//! CREATE, ALTER, RESTOCK, BUY, CONFIRM, EXTEND, CANCEL: requests that a sale decides.

use seckill_core::Outcome;
use seckill_core::protocol::{Buy, CommandName, Error, Request};

use super::call::{Call, Result};
use super::commit::{commit, moment};
use super::failure::Failure;
use super::locks;
use crate::redis::{Context, Key, KeyKind};
use crate::stored::Stored;
use crate::{clocks, counters, eviction};

pub(super) fn decide(call: &Call<'_>, sale: &[u8], request: &Request<'_>, command: CommandName) -> Result {
    call.must_be_primary()?;
    // The server itself refuses the other commands that need memory. To take units away is allowed, but an id
    // is kept for good.
    let needs_memory =
        matches!(request, Request::Restock { delta: 1.., .. } | Request::Restock { id: Some(_), .. });
    if needs_memory && call.context.flags().is_out_of_memory() {
        return Err(Failure::OutOfMemory);
    }
    let guard = match request {
        Request::Buy(Buy { guard, .. }) => guard.as_ref(),
        _ => None,
    };
    // Before the sale is opened: reading a lock whose lease has run out emits `expired`, and a listener of another
    // module may do anything to the sale.
    let lock_held = guard.map_or(Ok(false), |guard| locks::is_held(call, guard))?;
    let name = call.string_of(sale)?;
    let mut key = Key::write(call.context, name);
    match (key.kind::<Stored>(), request) {
        (KeyKind::Value, _) => {}
        (KeyKind::Empty, Request::Create { .. }) if eviction::forbids_sales() => {
            return Err(Failure::Eviction);
        }
        (KeyKind::Empty, Request::Create { .. }) => key.put(Stored::blank()),
        (KeyKind::Empty, _) => return Err(Error::NoSale.into()),
        (_, Request::Create { .. }) => return Err(Error::OtherType(key.type_name()).into()),
        (KeyKind::String | KeyKind::Other, _) => return Err(Failure::WrongType),
    }
    let stored = key.value::<Stored>().ok_or(Error::NoSale)?;
    let decision = stored.sale.decide(request, &moment(clocks::now(), lock_held));
    commit(call.context, name, key, &decision, Some(command))?;
    let outcome = decision.outcome.inspect_err(counters::count_error)?;
    reply(call.context, outcome);
    if let Some(guard) = guard.filter(|guard| lock_held && guard.release) {
        locks::release_after(call, guard);
    }
    Ok(())
}

fn reply(context: &Context, outcome: Outcome) {
    match outcome {
        Outcome::Ok => context.reply_ok(),
        Outcome::State(state) => context.reply_word(state.as_c_str()),
        Outcome::Refused(refusal) => {
            counters::count_refusal(refusal);
            context.reply_word(refusal.as_c_str());
        }
        Outcome::Available(units) => context.reply_integer(units.cast_signed()),
    }
}
