//! Callers that wait for a lock: LOCK … BLOCK, passing the lock on, WAITERS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seckill_core::lock::Lock;
use seckill_core::protocol::{CommandName, Fence, Millis, Token, UnixMs, WAITERS_MAX, field};
use seckill_core::waiting::{CallId, Line, Lines, Waiter};

use super::call::{Call, Result};
use super::failure::Failure;
use super::lock_key::{grant, lock_at, release_if_held};
use crate::key_name::KeyName;
use crate::lines::{self, TIMER};
use crate::redis::blocking::{self, BlockedCalls};
use crate::redis::{Context, Field, Key, Owned, Str, Value};
use crate::{clocks, configs, counters, deliveries, readers, replicas};

/// The longest time that one call of the timer works. No client is served meanwhile.
const TIME_SLICE: Duration = Duration::from_micros(500);
/// The calls of one token that are granted the lock in one step.
const MOST_AT_ONCE: usize = 64;

/// Calls of LOCK that wait.
struct LockCalls;

impl BlockedCalls for LockCalls {
    fn reply(context: &Context, call: u64) {
        match lines::with(|lines| lines.answer(CallId(call))) {
            Some(fence) => context.reply_integer(fence.0.cast_signed()),
            None => context.reply_null(),
        }
    }

    fn abandoned(context: &Context, call: u64) {
        abandon(context, CallId(call));
    }

    fn ended(context: &Context, call: u64, client: Option<u64>) {
        let call = CallId(call);
        match client {
            Some(client) if lines::with(|lines| lines.is_granted(call)) => {
                deliveries::expect(client, call);
            }
            Some(_) => {}
            None => abandon(context, call),
        }
    }
}

/// The client of a call is gone. A lock that it was granted without knowing is taken back, but not here: nothing
/// can be written while the server frees a client.
fn abandon(context: &Context, call: CallId) {
    if lines::with(|lines| lines.abandon(call)) {
        TIMER.soon(context);
    }
}

/// A client disconnects.
pub(crate) fn client_gone(context: &Context, client: u64) {
    while let Some(call) = deliveries::undelivered(client) {
        // By QUIT, for example, the server ends a connection when it has sent the replies.
        if context.ends_after_replies(client) {
            lines::with(|lines| lines.delivered(call));
        } else {
            abandon(context, call);
        }
    }
}

/// Whether there is room for another caller that waits.
pub(super) fn check_room() -> Result {
    let most = configs::max_waiters();
    if lines::len().saturating_add(readers::len()) < most {
        Ok(())
    } else {
        Err(Failure::TooManyWaiters(most))
    }
}

/// Adds the caller to the line of a lock, which is held by another: at an open key.
pub(super) fn wait(
    context: &Context,
    name: Str<'_>,
    key: &Key<'_>,
    token: Token<'_>,
    ttl: Millis,
    timeout: Millis,
) -> Result {
    check_room()?;
    deliveries::watch(context);
    let check = lines::next_check(key.expiry().map(UnixMs));
    let Some(call) = blocking::block::<LockCalls>(context, name, timeout.0) else {
        context.reply_null();
        return Ok(());
    };
    let now = clocks::now().to_ms();
    let until = (timeout != Millis(0)).then(|| now.plus(timeout));
    let lock = Arc::new(KeyName::new(context.db(), name.bytes()));
    lines::with(|lines| lines.join(CallId(call), lock, Waiter::new(token, ttl, now, until), check));
    counters::WAITS.add(1);
    lines::arm(context);
    Ok(())
}

/// Whether anybody waits for the lock at a key.
#[cold]
pub(super) fn has_line(context: &Context, name: Str<'_>) -> bool {
    let lock = KeyName::new(context.db(), name.bytes());
    lines::with(|lines| lines.line(&lock).is_some())
}

/// The lock at a key was released: it goes to its line, if it has one. In MULTI and scripts a later command may
/// take it still, so the line is served when these have ended.
#[cold]
pub(super) fn freed(context: &Context, name: Str<'_>) {
    if !has_line(context, name) {
        return;
    }
    if context.may_block() {
        serve_now(context, name);
    } else {
        lines::touch(context, name);
    }
}

/// A caller was told that it holds the lock at a key until an instant, and the fence if it was granted the lock.
#[cold]
pub(super) fn told(context: &Context, name: Str<'_>, token: Token<'_>, until: UnixMs, fence: Option<Fence>) {
    let lock = KeyName::new(context.db(), name.bytes());
    lines::with(|lines| {
        lines.check_at(&lock, lines::next_check(Some(until)));
        lines.owner_knows(&lock);
        if let Some(fence) = fence {
            lines.note_grant(&lock, token.bytes(), fence);
        }
    });
    lines::arm(context);
}

/// A token that is released leaves the line of the lock at a key, too.
#[cold]
pub(super) fn dismiss(context: &Context, name: Str<'_>, token: Token<'_>) {
    let lock = KeyName::new(context.db(), name.bytes());
    for call in lines::with(|lines| lines.dismiss(&lock, token.bytes())) {
        blocking::unblock(call.0);
    }
}

/// Grants the lock at a key to whoever is to get it now, and sees to it that the line is looked at when that lease
/// ends.
pub(super) fn serve_now(context: &Context, name: Str<'_>) {
    serve(context, name);
    lines::arm(context);
}

/// Grants the lock at a key to whoever is to get it now, if anybody waits for it.
fn serve(context: &Context, name: Str<'_>) {
    let lock = KeyName::new(context.db(), name.bytes());
    for _ in 0..MOST_AT_ONCE {
        if !serve_next(context, name, &lock) {
            return;
        }
    }
    lines::check_at(context, name, clocks::now().to_ms());
}

/// Grants the lock to the next one. Whether there may be another one.
fn serve_next(context: &Context, name: Str<'_>, lock: &KeyName) -> bool {
    let key = Key::write(context, name);
    // While the key holds another type, the line is looked at again and again.
    let Ok(state) = lock_at(&key) else { return false };
    let next = lines::with(|lines| lines.next(lock, state).map(|(call, waiter)| (call, waiter.clone())));
    let now = clocks::now();
    let granted = next.and_then(|(call, waiter)| {
        let token = Token::new(waiter.token()).ok()?;
        Some((call, state.acquire(token, waiter.ttl, now.to_ms())?, Owned::new(waiter.token())?))
    });
    let Some((call, until, token)) = granted else {
        let lease_end = key.expiry().map(UnixMs);
        lines::with(|lines| lines.check_at(lock, lines::next_check(lease_end)));
        return false;
    };
    let was_free = state == Lock::Free;
    let fence = grant(context, name, key, token.borrow(), until, now);
    let (waiter, is_last) = lines::with(|lines| {
        let waiter = lines.grant(call, was_free, fence);
        lines.check_at(lock, lines::next_check(Some(until)));
        (waiter, lines.line(lock).is_none_or(|line| line.calls(token.borrow().bytes()).is_empty()))
    });
    counters::HANDOFFS.add(1);
    counters::LONGEST_WAIT.record(waiter.map_or(0, |waiter| now.to_ms().0.saturating_sub(waiter.since.0)));
    blocking::unblock(call.0);
    !is_last
}

/// Looks at locks that are to be looked at, for one time slice. The timer calls this.
pub(crate) fn serve_lines(context: &Context) {
    if !context.flags().is_primary() {
        return;
    }
    // Nor may clients write then.
    if context.writes_are_paused() || replicas::are_too_few(context) {
        TIMER.try_again(context);
        return;
    }
    take_back(context);
    let (begin, now) = (Instant::now(), clocks::now().to_ms());
    while begin.elapsed() < TIME_SLICE
        && let Some(lock) = lines::with(|lines| lines.pop_check(now, lines::recheck()))
    {
        with_key(context, &lock, |name| serve(context, name));
    }
    lines::arm(context);
}

/// Releases the locks whose owners were gone before they knew.
fn take_back(context: &Context) {
    for (lock, token) in lines::with(Lines::take_returned) {
        with_key(context, &lock, |name| {
            if release_if_held(context, name, &token) {
                lines::check_at(context, name, clocks::now().to_ms());
            }
        });
    }
}

/// Calls with the name of a key in its database, if this server may write the key. In a cluster the slot may have
/// moved: then the server redirects those who wait.
fn with_key(context: &Context, key: &KeyName, act: impl FnOnce(Str<'_>)) {
    if let Some(name) = Owned::new(&key.key).filter(|_| context.select_db(key.db))
        && context.owns(name.borrow(), CommandName::Grant.as_c_str())
    {
        act(name.borrow());
    }
}

/// WAITERS.
pub(super) fn waiters(call: &Call<'_>, key: &[u8]) -> Result {
    let (context, name) = (call.context, call.string_of(key)?);
    let key = Key::read(context, name);
    let lock = lock_at(&key)?;
    let now = clocks::now().to_ms();
    let until = |instant: UnixMs| instant.0.saturating_sub(now.0).max(1);
    let (holder, token, lease) = match lock {
        Lock::Free => (&[][..], Value::Null, Value::Null),
        Lock::Held(token) => {
            let lease = key.expiry().map_or(0, |end| until(UnixMs(end)));
            (token, Value::Bytes(token), lease.into())
        }
    };
    let line = KeyName::new(context.db(), name.bytes());
    let (fence, waiting) = lines::with(|lines| {
        let line = lines.line(&line);
        let waiting: Vec<_> = line.into_iter().flat_map(Line::waiters).take(WAITERS_MAX).cloned().collect();
        (line.and_then(|line| line.fence_of(holder)), waiting)
    });
    let waiting: Vec<_> = waiting
        .iter()
        .map(|waiter| {
            [
                Field(field::TOKEN, Value::Bytes(waiter.token())),
                Field(field::WAITED, now.0.saturating_sub(waiter.since.0).into()),
                Field(field::TIMEOUT, waiter.until.map_or(0, until).into()),
            ]
        })
        .collect();
    let waiting: Vec<_> = waiting.iter().map(|fields| Value::Map(fields)).collect();
    context.reply_map(&[&[
        Field(field::TOKEN, token),
        Field(field::LEASE, lease),
        Field(field::FENCE, fence.map_or(Value::Null, |fence| fence.0.into())),
        Field(field::WAITERS, Value::Array(&waiting)),
    ]]);
    Ok(())
}
