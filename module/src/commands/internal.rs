//! APPLY, GRANT: what only a primary sends, to its replicas and to the AOF.

use super::{Call, Failure, Result};
use crate::change;
use crate::redis::{Class, Key, Kind};
use crate::state;
use crate::table;
use seckill_core::wire::Name;

pub(super) fn apply(call: &Call<'_>, sale: &[u8], batch: &[u8]) -> Result {
    must_be_from_primary(call)?;
    let name = call.string_of(sale)?;
    let key = Key::write(call.context, name);
    if !matches!(key.kind(), Kind::Nothing | Kind::Sale) {
        return Err(Failure::WrongType);
    }
    change::follow(call.context, name, key, batch)?;
    call.context.reply_word("OK");
    Ok(())
}

pub(super) fn grant(call: &Call<'_>, key: &[u8], token: &[u8], until: u64, fence: u64) -> Result {
    must_be_from_primary(call)?;
    let (name, token) = (call.string_of(key)?, call.string_of(token)?);
    let mut key = Key::write(call.context, name);
    if !matches!(key.kind(), Kind::Nothing | Kind::String) {
        return Err(Failure::WrongType);
    }
    key.set_string(token, until);
    drop(key);
    state::observe_fence(fence);
    call.context.replicate_verbatim();
    call.context.signal_modified(name);
    call.context.notify(Class::Module, table::lower(Name::Lock), name);
    call.context.reply_word("OK");
    Ok(())
}

fn must_be_from_primary(call: &Call<'_>) -> Result {
    let trusted = call.is_from_primary(call.context.flags()) || state::apply_from_clients();
    if trusted { Ok(()) } else { Err(Failure::NotFromPrimary) }
}
