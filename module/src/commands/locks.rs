//! LOCK, UNLOCK, RENEW: a lock is a string whose value is the owner's token and whose expiry is the lease.

use seckill_core::command::Guard;
use seckill_core::wire::{MAX_INT, Name};

use super::{Call, Failure, Result};
use crate::redis::{Class, Key, Kind, Str};
use crate::state::{self, Now};
use crate::table;

pub(super) fn lock(call: &Call<'_>, key: &[u8], token: &[u8], ttl: u64, block: Option<u64>) -> Result {
    call.must_be_primary()?;
    if block.is_some() && call.context.flags().may_block() {
        return Err(Failure::NoBlocking);
    }
    let (name, token_name) = (call.string_of(key)?, call.string_of(token)?);
    let mut key = Key::write(call.context, name);
    if !is_free_for(&key, token)? {
        call.context.reply_null();
        return Ok(());
    }
    let now = Now::read();
    let fence = state::next_fence(now);
    let until = now.ms().saturating_add(ttl).min(MAX_INT);
    key.set_string(token_name, until);
    drop(key);
    call.context.replicate_grant(table::GRANT, name, token_name, until, fence);
    call.context.signal_modified(name);
    call.context.notify(Class::Module, table::lower(Name::Lock), name);
    state::count(&state::GRANTS, 1);
    call.context.reply_integer(fence);
    Ok(())
}

fn is_free_for(key: &Key<'_>, token: &[u8]) -> Result<bool> {
    match key.kind() {
        Kind::Nothing => Ok(true),
        _ => is_held_by(key, token),
    }
}

fn is_held_by(key: &Key<'_>, token: &[u8]) -> Result<bool> {
    match key.kind() {
        Kind::Nothing => Ok(false),
        Kind::String => Ok(key.is_string(token)),
        Kind::Sale | Kind::Other => Err(Failure::WrongType),
    }
}

/// A primary tells of a release in the words of who asked for it. So who follows releases the lock, and judges
/// nothing.
pub(super) fn unlock(call: &Call<'_>, key: &[u8], token: &[u8]) -> Result {
    let judges = call.judges()?;
    let name = call.string_of(key)?;
    let key = Key::write(call.context, name);
    let held = if judges { is_held_by(&key, token)? } else { key.kind() != Kind::Nothing };
    if held {
        call.context.replicate_verbatim();
        release(call, name, key);
    }
    call.context.reply_integer(u64::from(held));
    Ok(())
}

/// Deletes a lock, and tells everybody; foreign clients that wait for it listen for `del`. As everywhere the key
/// is closed before keyspace events are sent, for whoever listens may do anything to it.
fn release(call: &Call<'_>, name: Str<'_>, mut key: Key<'_>) {
    key.delete();
    drop(key);
    call.context.signal_modified(name);
    call.context.notify(Class::Generic, c"del", name);
    call.context.notify(Class::Module, table::lower(Name::Unlock), name);
}

pub(super) fn renew(call: &Call<'_>, key: &[u8], token: &[u8], ttl: u64) -> Result {
    call.must_be_primary()?;
    let name = call.string_of(key)?;
    let mut key = Key::write(call.context, name);
    let held = is_held_by(&key, token)?;
    if held {
        let until = Now::read().ms().saturating_add(ttl).min(MAX_INT);
        key.set_expiry(until);
        drop(key);
        call.context.replicate_integer(c"PEXPIREAT", name, until);
        call.context.signal_modified(name);
        call.context.notify(Class::Module, table::lower(Name::Renew), name);
    }
    call.context.reply_integer(u64::from(held));
    Ok(())
}

/// Whether the lock of a purchase is held by its token.
pub(super) fn is_held(call: &Call<'_>, guard: &Guard<'_>) -> Result<bool> {
    is_held_by(&Key::read(call.context, call.string_of(guard.key)?), guard.token)
}

/// Releases the lock of a purchase, if it is still held. It is looked at anew: whoever listened
/// to the events of the purchase may have done anything to it.
pub(super) fn release_after(call: &Call<'_>, guard: &Guard<'_>) {
    let Ok(name) = call.string_of(guard.key) else { return };
    let key = Key::write(call.context, name);
    if is_held_by(&key, guard.token).unwrap_or(false) {
        call.context.replicate_key(c"DEL", name);
        release(call, name, key);
    }
}
