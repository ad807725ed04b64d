//! A call under way, and how it ends.

use seckill_core::Origin;
use seckill_core::protocol::Error;

use super::failure::Failure;
use crate::redis::{Args, Context, Flags, Str};
use crate::{clocks, configs};

/// How a command ends. When it is `Ok`, the reply has been sent.
pub(super) type Result<T = ()> = std::result::Result<T, Failure>;

/// A call under way.
pub(super) struct Call<'c> {
    pub(super) context: &'c Context,
    pub(super) args: &'c Args<'c>,
}

impl<'c> Call<'c> {
    /// The server's string that holds an argument, found by the address of its bytes.
    pub(super) fn string_of(&self, argument: &[u8]) -> Result<Str<'c>> {
        self.args.string_of(argument).ok_or(Failure::Core(Error::Arity))
    }

    /// Whether the caller is the primary of this server, or the AOF that is being loaded.
    fn is_from_primary(&self, flags: Flags) -> bool {
        flags.is_replicated() || self.context.is_aof(flags)
    }

    /// Who sent an internal command: the primary or the AOF, or a client if the operator allows that.
    pub(super) fn origin(&self) -> Result<Origin> {
        if self.is_from_primary(self.context.flags()) {
            Ok(Origin::Trusted)
        } else if configs::apply_from_clients() {
            Ok(clocks::foreign())
        } else {
            Err(Failure::NotFromPrimary)
        }
    }

    /// Whether this server is to decide, or only to apply what its primary decided.
    pub(super) fn is_to_decide(&self) -> Result<bool> {
        let flags = self.context.flags();
        if self.is_from_primary(flags) { Ok(false) } else { must_be_primary(flags).map(|()| true) }
    }

    pub(super) fn must_be_primary(&self) -> Result {
        must_be_primary(self.context.flags())
    }
}

/// Only a primary decides and grants locks. A replica does not, even if it can be written to.
fn must_be_primary(flags: Flags) -> Result {
    if flags.is_primary() { Ok(()) } else { Err(Failure::ReadOnly) }
}
