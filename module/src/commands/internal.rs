//! APPLY, GRANT, FENCE: what a primary sends to its replicas and writes to the AOF.

use seckill_core::protocol::{CommandName, Fence, Token, UnixMs};
use seckill_core::{ApplyError, Origin};

use super::call::{Call, Result};
use super::commit::apply_batch;
use super::failure::Failure;
use crate::redis::{Class, Key, KeyKind};
use crate::stored::Stored;
use crate::{clocks, lines};

pub(super) fn apply(call: &Call<'_>, sale: &[u8], batch: &[u8]) -> Result {
    let origin = call.origin()?;
    let name = call.string_of(sale)?;
    let key = Key::write(call.context, name);
    if !matches!(key.kind::<Stored>(), KeyKind::Empty | KeyKind::Value) {
        return Err(Failure::WrongType);
    }
    match apply_batch(call.context, name, key, batch, origin) {
        // The primary goes on sending events of this sale. The server would log an error for each of them; that
        // the sale diverged is logged already.
        Err(Failure::Apply(ApplyError::Diverged)) if origin == Origin::Trusted => {}
        applied => applied?,
    }
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
    lines::touch(call.context, name);
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
/// that is far ahead of the clock would keep those of this server there, so it is refused even then.
fn must_be_credible(call: &Call<'_>, fence: Fence) -> Result {
    let origin = call.origin()?;
    let is_credible = origin == Origin::Trusted || fence.0 <= clocks::latest_foreign();
    if is_credible { Ok(()) } else { Err(Failure::FenceAhead) }
}
