//! APPLY, GRANT, FENCE: what a primary sends to its replicas and writes to the AOF.

use seckill_core::Origin;
use seckill_core::protocol::{CommandName, Fence, MAX_FOREIGN, Token, UnixMs};

use super::call::{Call, Result};
use super::commit::apply_batch;
use super::failure::Failure;
use crate::clocks;
use crate::redis::{Class, Key, KeyKind};
use crate::stored::Stored;

pub(super) fn apply(call: &Call<'_>, sale: &[u8], batch: &[u8]) -> Result {
    let origin = call.origin()?;
    let name = call.string_of(sale)?;
    let key = Key::write(call.context, name);
    if !matches!(key.kind::<Stored>(), KeyKind::Empty | KeyKind::Value) {
        return Err(Failure::WrongType);
    }
    apply_batch(call.context, name, key, batch, origin)?;
    call.context.reply_ok();
    Ok(())
}

pub(super) fn grant(call: &Call<'_>, key: &[u8], token: Token<'_>, until: UnixMs, fence: Fence) -> Result {
    must_be_credible(call, fence)?;
    let (name, token) = (call.string_of(key)?, call.string_of(token.bytes())?);
    let mut key = Key::write(call.context, name);
    if !matches!(key.kind::<Stored>(), KeyKind::Empty | KeyKind::String) {
        return Err(Failure::WrongType);
    }
    key.set_string(token, until.0);
    drop(key);
    clocks::observe_fence(fence);
    call.context.replicate_verbatim();
    call.context.signal_modified(name);
    call.context.notify(Class::Module, CommandName::Lock.lower_case(), name);
    call.context.reply_ok();
    Ok(())
}

pub(super) fn fence(call: &Call<'_>, fence: Fence) -> Result {
    must_be_credible(call, fence)?;
    clocks::observe_fence(fence);
    call.context.replicate_verbatim();
    call.context.reply_ok();
    Ok(())
}

/// Refuses a fence that comes neither from the primary nor from the AOF, unless the operator allows it. One
/// that no clock gave out could use up the fences of this server, so it is refused even then.
fn must_be_credible(call: &Call<'_>, fence: Fence) -> Result {
    let origin = call.origin()?;
    if origin == Origin::Trusted || fence.0 <= MAX_FOREIGN { Ok(()) } else { Err(Failure::FenceAhead) }
}
