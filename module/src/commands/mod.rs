//! Arguments to core to reply, one file a family.

mod failure;
mod internal;
mod locks;
mod reads;
mod sales;

use seckill_core::command::Command;
use seckill_core::error::Error;

use crate::redis::{Args, Context, Flags, Str};
use failure::Failure;

/// What a command comes to. When it is `Ok`, the reply has been sent.
type Result<T = ()> = std::result::Result<T, Failure>;

/// Runs a call. `args` is `None` when it has more arguments than any command.
pub(crate) fn run(context: &Context, args: Option<&Args<'_>>) {
    match args.ok_or(Failure::Mistake(Error::Syntax)).and_then(|args| dispatch(context, args)) {
        Ok(()) => {}
        Err(Failure::Mistake(Error::Arity)) => context.reply_wrong_arity(),
        Err(failure) => context.reply_error(&failure.to_string()),
    }
}

fn dispatch(context: &Context, args: &Args<'_>) -> Result {
    let call = Call { context, args };
    let command = Command::parse(args.bytes())?;
    match command {
        Command::Lock { key, token, ttl, block } => locks::lock(&call, key, token, ttl, block),
        Command::Unlock { key, token } => locks::unlock(&call, key, token),
        Command::Renew { key, token, ttl } => locks::renew(&call, key, token, ttl),
        Command::Decide { sale, request } => sales::decide(&call, sale, &request, command.name()),
        Command::Read { sale, query } => reads::read(&call, sale, &query),
        Command::Apply { sale, batch } => internal::apply(&call, sale, batch),
        Command::Grant { key, token, until, fence } => internal::grant(&call, key, token, until, fence),
    }
}

/// Warns when the server may evict what must not be lost.
pub(crate) fn warn_of_eviction(context: &Context) {
    const SAFE: &str = "noeviction";
    if let Some(policy) = context.server_config("maxmemory-policy").filter(|policy| policy != SAFE) {
        context.warn(&format!(
            "maxmemory-policy is {policy}: locks or sales could be evicted and lost; set it to {SAFE}"
        ));
    }
}

/// Only a primary decides and takes locks, also where a replica could be written to.
fn primary(flags: Flags) -> Result {
    if flags.is_primary() { Ok(()) } else { Err(Failure::ReadOnly) }
}

/// A call under way.
struct Call<'c> {
    context: &'c Context,
    args: &'c Args<'c>,
}

impl<'c> Call<'c> {
    /// The string of the server's whose bytes an argument is.
    fn string_of(&self, argument: &[u8]) -> Result<Str<'c>> {
        self.args.string_of(argument).ok_or(Failure::Mistake(Error::Syntax))
    }

    /// Whether the caller is a primary that this server follows, or the AOF being loaded.
    fn is_from_primary(&self, flags: Flags) -> bool {
        flags.is_replicated() || self.context.is_aof(flags)
    }

    /// Whether the call is to be judged, or only to be followed, for a primary has judged it.
    fn judges(&self) -> Result<bool> {
        let flags = self.context.flags();
        if self.is_from_primary(flags) { Ok(false) } else { primary(flags).map(|()| true) }
    }

    fn must_be_primary(&self) -> Result {
        primary(self.context.flags())
    }
}
