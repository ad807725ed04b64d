//! LOCK, UNLOCK, RENEW.

use seckill_core::lock::Lock;
use seckill_core::protocol::{CommandName, Guard, Millis, Token};

use super::call::{Call, Result};
use super::lock_key::{grant, lock_at, release, release_if_held};
use super::waiters;
use crate::redis::{Class, Key, KeyKind};
use crate::stored::Stored;
use crate::{clocks, lines};

pub(super) fn lock(
    call: &Call<'_>,
    key: &[u8],
    token: Token<'_>,
    ttl: Millis,
    block: Option<Millis>,
) -> Result {
    call.must_be_primary()?;
    let context = call.context;
    let (name, token_string) = (call.string_of(key)?, call.string_of(token.bytes())?);
    // Whoever waits comes first.
    let has_line = lines::are_in_use() && waiters::has_line(context, name);
    if has_line && context.may_block() {
        waiters::serve_now(context, name);
    }
    let key = Key::write(context, name);
    let now = clocks::now();
    let lock = lock_at(&key)?;
    // Within MULTI and scripts the line is served when these have ended.
    let is_reserved = has_line && lock == Lock::Free && waiters::has_line(context, name);
    match lock.acquire(token, ttl, now.to_ms()).filter(|_| !is_reserved) {
        Some(until) => {
            let fence = grant(context, name, key, token_string, until, now);
            if lines::are_in_use() {
                waiters::told(context, name, token, until, Some(fence));
            }
            context.reply_integer(fence.0.cast_signed());
        }
        None => match block.filter(|_| context.may_block()) {
            Some(timeout) => waiters::wait(context, name, &key, token, ttl, timeout)?,
            None => context.reply_null(),
        },
    }
    Ok(())
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
        release(call.context, name, key);
    } else {
        drop(key);
    }
    // Before the lock is passed on: of the replies to several clients the server sends the last one first.
    call.context.reply_integer(i64::from(held));
    if decides && lines::are_in_use() {
        waiters::dismiss(call.context, name, token);
        if held {
            waiters::freed(call.context, name);
        }
    }
    Ok(())
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
        if lines::are_in_use() {
            waiters::told(call.context, name, token, until, None);
        }
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
/// done anything to it. The purchase has been replied to, as in UNLOCK.
pub(super) fn release_after(call: &Call<'_>, guard: &Guard<'_>) {
    let Ok(name) = call.string_of(guard.key) else { return };
    if release_if_held(call.context, name, guard.token.bytes()) && lines::are_in_use() {
        waiters::freed(call.context, name);
    }
}
