//! A lock as a key: a string whose value is the owner's token and whose expiry is the lease.

use seckill_core::lock::Lock;
use seckill_core::protocol::{CommandName, Fence, UnixMicros, UnixMs};

use super::call::Result;
use super::failure::Failure;
use crate::redis::{Class, Context, Key, KeyKind, Str};
use crate::stored::Stored;
use crate::{clocks, counters};

/// The lock at an open key.
pub(super) fn lock_at<'k>(key: &'k Key<'_>) -> Result<Lock<'k>> {
    match key.kind::<Stored>() {
        KeyKind::Empty => Ok(Lock::Free),
        KeyKind::String => Ok(Lock::Held(key.string())),
        KeyKind::Value | KeyKind::Other => Err(Failure::WrongType),
    }
}

/// Grants a lock until an instant, and reports that.
#[inline]
pub(super) fn grant(
    context: &Context,
    name: Str<'_>,
    mut key: Key<'_>,
    token: Str<'_>,
    until: UnixMs,
    now: UnixMicros,
) -> Fence {
    key.set_string(token, until.0);
    drop(key);
    let fence = clocks::next_fence(now);
    let (mut until_text, mut fence_text) = (itoa::Buffer::new(), itoa::Buffer::new());
    context.replicate_string_and_bytes(
        CommandName::Grant.as_c_str(),
        name,
        token,
        [until_text.format(until.0).as_bytes(), fence_text.format(fence.0).as_bytes()],
    );
    context.signal_modified(name);
    context.notify(Class::Module, CommandName::Lock.lower_case(), name);
    counters::GRANTS.add(1);
    fence
}

/// Deletes a lock, and reports that to all but replicas; clients that wait for it by other means listen for `del`. As
/// everywhere the key is closed before keyspace events are sent, for a listener may do anything to it.
pub(super) fn release(context: &Context, name: Str<'_>, mut key: Key<'_>) {
    key.delete();
    drop(key);
    context.signal_modified(name);
    context.notify(Class::Generic, c"del", name);
    context.notify(Class::Module, CommandName::Unlock.lower_case(), name);
}

/// Releases a lock if this token holds it, and replicates that as DEL. Whether it did.
pub(super) fn release_if_held(context: &Context, name: Str<'_>, token: &[u8]) -> bool {
    let key = Key::write(context, name);
    let is_held = lock_at(&key).is_ok_and(|lock| lock == Lock::Held(token));
    if is_held {
        context.replicate_key(c"DEL", name);
        release(context, name, key);
    }
    is_held
}
