//! LOCK, UNLOCK, RENEW: a lock is a string whose value is the owner's token and whose expiry is the lease.

use seckill_core::lock::Lock;
use seckill_core::protocol::{CommandName, Guard, Millis, Token};

use super::call::{Call, Result};
use super::failure::Failure;
use crate::redis::{Class, Key, KeyKind, Str};
use crate::stored::Stored;
use crate::{clocks, counters};

pub(super) fn lock(
    call: &Call<'_>,
    key: &[u8],
    token: Token<'_>,
    ttl: Millis,
    block: Option<Millis>,
) -> Result {
    call.must_be_primary()?;
    if block.is_some() && call.context.flags().may_block() {
        return Err(Failure::NoBlocking);
    }
    let (name, token_string) = (call.string_of(key)?, call.string_of(token.bytes())?);
    let mut key = Key::write(call.context, name);
    let now = clocks::now();
    let Some(until) = lock_at(&key)?.acquire(token, ttl, now.to_ms()) else {
        call.context.reply_null();
        return Ok(());
    };
    key.set_string(token_string, until.0);
    drop(key);
    let fence = clocks::next_fence(now);
    let (mut until_text, mut fence_text) = (itoa::Buffer::new(), itoa::Buffer::new());
    call.context.replicate_string_and_bytes(
        CommandName::Grant.as_c_str(),
        name,
        token_string,
        [until_text.format(until.0).as_bytes(), fence_text.format(fence.0).as_bytes()],
    );
    call.context.signal_modified(name);
    call.context.notify(Class::Module, CommandName::Lock.lower_case(), name);
    counters::GRANTS.add(1);
    call.context.reply_integer(fence.0.cast_signed());
    Ok(())
}

/// The lock at an open key.
fn lock_at<'k>(key: &'k Key<'_>) -> Result<Lock<'k>> {
    match key.kind::<Stored>() {
        KeyKind::Empty => Ok(Lock::Free),
        KeyKind::String => Ok(Lock::Held(key.string())),
        KeyKind::Value | KeyKind::Other => Err(Failure::WrongType),
    }
}

/// UNLOCK is replicated verbatim; a replica deletes the lock without checking the token.
pub(super) fn unlock(call: &Call<'_>, key: &[u8], token: Token<'_>) -> Result {
    let decides = call.is_to_decide()?;
    let name = call.string_of(key)?;
    let key = Key::write(call.context, name);
    let held =
        if decides { lock_at(&key)?.is_held_by(token) } else { key.kind::<Stored>() != KeyKind::Empty };
    if held {
        call.context.replicate_verbatim();
        release(call, name, key);
    }
    call.context.reply_integer(i64::from(held));
    Ok(())
}

/// Deletes a lock, and reports that; clients that wait for it by other means listen for `del`. As everywhere
/// the key is closed before keyspace events are sent, for a listener may do anything to it.
fn release(call: &Call<'_>, name: Str<'_>, mut key: Key<'_>) {
    key.delete();
    drop(key);
    call.context.signal_modified(name);
    call.context.notify(Class::Generic, c"del", name);
    call.context.notify(Class::Module, CommandName::Unlock.lower_case(), name);
}

pub(super) fn renew(call: &Call<'_>, key: &[u8], token: Token<'_>, ttl: Millis) -> Result {
    call.must_be_primary()?;
    let name = call.string_of(key)?;
    let mut key = Key::write(call.context, name);
    let renewed = lock_at(&key)?.renew(token, ttl, clocks::now().to_ms());
    if let Some(until) = renewed {
        key.set_expiry(until.0);
        drop(key);
        let mut text = itoa::Buffer::new();
        call.context.replicate_bytes(c"PEXPIREAT", name, text.format(until.0).as_bytes());
        call.context.signal_modified(name);
        call.context.notify(Class::Module, CommandName::Renew.lower_case(), name);
    }
    call.context.reply_integer(i64::from(renewed.is_some()));
    Ok(())
}

/// Whether the lock of a purchase is held by its token.
pub(super) fn is_held(call: &Call<'_>, guard: &Guard<'_>) -> Result<bool> {
    let key = Key::read(call.context, call.string_of(guard.key)?);
    Ok(lock_at(&key)?.is_held_by(guard.token))
}

/// Releases the lock of a purchase, if it is still held: a listener to the events of the purchase may have
/// done anything to it.
pub(super) fn release_after(call: &Call<'_>, guard: &Guard<'_>) {
    let Ok(name) = call.string_of(guard.key) else { return };
    let key = Key::write(call.context, name);
    if lock_at(&key).is_ok_and(|lock| lock.is_held_by(guard.token)) {
        call.context.replicate_key(c"DEL", name);
        release(call, name, key);
    }
}
