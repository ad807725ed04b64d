//! The last fence, in an AOF that is rewritten.
//!
//! A rewritten AOF has no grants, and unless it begins with an RDB file it has nothing of the module but sales.
//! So the last fence is appended to the file that takes the commands from the fork on, which the server loads
//! after the rewritten one. Replicas do the same, each with its own AOF.

use seckill_core::protocol::{CommandName, Fence};

use crate::clocks;
use crate::redis::{Context, Timer};

/// A write from within the event of the fork could come while writes are paused.
static TIMER: Timer = Timer::new();

/// Appends the last fence to the AOF soon, if the child that was forked rewrites it.
pub(crate) fn keep_last(context: &Context) {
    if context.is_rewriting_aof() {
        TIMER.install(append_last);
        TIMER.set(context, 0);
    }
}

fn append_last(context: &Context) {
    if context.writes_are_paused() {
        TIMER.try_again(context);
        return;
    }
    let fence = clocks::last_fence();
    if fence != Fence(0) {
        let mut text = itoa::Buffer::new();
        context.append_to_aof(CommandName::Fence.as_c_str(), text.format(fence.0).as_bytes());
    }
}
