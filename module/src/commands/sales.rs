//! CREATE, ALTER, RESTOCK, BUY, CONFIRM, EXTEND, CANCEL: what a sale is asked to decide.

use seckill_core::Sale;
use seckill_core::command::{Buy, Request};
use seckill_core::decide::Outcome;
use seckill_core::error::Error;
use seckill_core::wire::Name;

use super::{Call, Failure, Result, locks};
use crate::change::{self, moment};
use crate::redis::{Context, Key, Kind, Stored};
use crate::state::{self, Now};

pub(super) fn decide(call: &Call<'_>, sale: &[u8], request: &Request<'_>, name: Name) -> Result {
    call.must_be_primary()?;
    // The server itself refuses the other commands that grow.
    if matches!(request, Request::Restock { delta: 1.., .. }) && call.context.flags().is_out_of_memory() {
        return Err(Failure::OutOfMemory);
    }
    let key_name = call.string_of(sale)?;
    let mut key = Key::write(call.context, key_name);
    match (key.kind(), request) {
        (Kind::Sale, _) | (Kind::Nothing, Request::Create { .. }) => {}
        (Kind::Nothing, _) => return Err(Error::NoSale.into()),
        (_, Request::Create { .. }) => return Err(Error::BusyKey.into()),
        (Kind::String | Kind::Other, _) => return Err(Failure::WrongType),
    }
    let guard = match request {
        Request::Buy(Buy { guard, .. }) => guard.as_ref(),
        _ => None,
    };
    let lock_held = guard.map_or(Ok(false), |guard| locks::is_held(call, guard))?;
    let moment = moment(Now::read(), lock_held);
    if key.stored().is_none() {
        key.put(Stored::new(Sale::new(Context::seed())));
    }
    let outcome = change::decide(call.context, key_name, key, request, &moment, name)?;
    if let Some(guard) = guard.filter(|guard| lock_held && guard.release) {
        locks::release_after(call, guard);
    }
    reply(call.context, outcome);
    Ok(())
}

fn reply(context: &Context, outcome: Outcome) {
    match outcome {
        Outcome::Ok => context.reply_word("OK"),
        Outcome::State(state) => context.reply_word(state.as_str()),
        Outcome::Refused(refusal) => {
            state::count_refusal(refusal);
            context.reply_word(refusal.as_str());
        }
        Outcome::Available(units) => context.reply_integer(units),
    }
}
