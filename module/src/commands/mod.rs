//! The commands, one file a family: parse, open the keys, ask the core, apply, replicate, reply.
//!
//! | file | concept |
//! | --- | --- |
//! | `locks` | LOCK, UNLOCK, RENEW |
//! | `lock_key` | a lock as a key, granted and released |
//! | `waiters` | callers that wait for a lock, and passing it on to them; WAITERS |
//! | `sales` | CREATE, ALTER, RESTOCK, BUY, CONFIRM, EXTEND, CANCEL |
//! | `bundles` | BUYALL |
//! | `sale_key` | a sale as the value of a key |
//! | `reads` | ORDER, BUYER, INFO, AUDIT |
//! | `events` | EVENTS, and its readers that wait |
//! | `event_reply`, `fields` | an event, and what several replies have in common |
//! | `internal` | APPLY, GRANT, FENCE |
//! | `fences` | the last fence, in an AOF that was rewritten |
//! | `expiry` | holds that fall due, which no command expires |
//! | `commit` | a decision, applied and reported to everyone |
//! | `call`, `failure` | a call under way, and how it ends |

mod bundles;
mod call;
mod commit;
mod event_reply;
mod events;
mod expiry;
mod failure;
mod fences;
mod fields;
mod internal;
mod lock_key;
mod locks;
mod reads;
mod sale_key;
mod sales;
mod waiters;

use seckill_core::protocol::{Command, Error};

use crate::redis::{Args, Context};
use call::{Call, Result};
pub(crate) use events::wake_readers;
pub(crate) use expiry::run_due;
use failure::Failure;
pub(crate) use fences::keep_last;
pub(crate) use waiters::{client_gone, serve_lines};

/// Runs a call. `args` is `None` when it has more arguments than any command.
pub(crate) fn run(context: &Context, args: Option<&Args<'_>>) {
    match args.ok_or(Failure::Core(Error::TooManyArguments)).and_then(|args| dispatch(context, args)) {
        Ok(()) => {}
        Err(Failure::Core(Error::Arity)) => context.reply_wrong_arity(),
        Err(failure) => failure.reply(context),
    }
}

fn dispatch(context: &Context, args: &Args<'_>) -> Result {
    let call = Call { context, args };
    let command = Command::parse(args.bytes())?;
    match command {
        Command::Lock { key, token, ttl, block } => locks::lock(&call, key, token, ttl, block),
        Command::Unlock { key, token } => locks::unlock(&call, key, token),
        Command::Renew { key, token, ttl } => locks::renew(&call, key, token, ttl),
        Command::Waiters { key } => waiters::waiters(&call, key),
        Command::Decide { sale, request } => sales::decide(&call, sale, &request, command.name()),
        Command::BuyAll(all) => bundles::buy_all(&call, &all),
        Command::Read { sale, query } => reads::read(&call, sale, &query),
        Command::Apply { sale, batch } => internal::apply(&call, sale, batch),
        Command::Grant { key, token, until, fence } => internal::grant(&call, key, token, until, fence),
        Command::Fence { fence } => internal::fence(&call, fence),
    }
}
