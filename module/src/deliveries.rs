//! Grants whose replies are not sent yet.
//!
//! When a client is unblocked, its connection may have ended already: the server frees such a client later, before
//! it sleeps and after it has sent all replies. Only then is it known whether the client can have got its reply.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use seckill_core::waiting::CallId;

use crate::lines;
use crate::redis::Context;

/// Clients that were unblocked, each with its call.
static UNSENT: Mutex<Vec<(u64, CallId)>> = Mutex::new(Vec::new());

/// Makes the server call [`replies_sent`] and [`undelivered`].
static WATCH: OnceLock<fn(&Context)> = OnceLock::new();
static IS_WATCHING: AtomicBool = AtomicBool::new(false);

fn unsent() -> MutexGuard<'static, Vec<(u64, CallId)>> {
    UNSENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names what makes the server report deliveries.
pub(crate) fn install(watch: fn(&Context)) {
    WATCH.get_or_init(|| watch);
}

/// Makes the server report deliveries from now on. It costs a little, so it is done when the first caller waits.
pub(crate) fn watch(context: &Context) {
    if !IS_WATCHING.swap(true, Relaxed)
        && let Some(watch) = WATCH.get()
    {
        watch(context);
    }
}

/// The client of a call was unblocked, and was granted the lock.
pub(crate) fn expect(client: u64, call: CallId) {
    unsent().push((client, call));
}

/// All replies were sent, and clients that could not be sent to are freed.
pub(crate) fn replies_sent() {
    let sent = std::mem::take(&mut *unsent());
    if !sent.is_empty() {
        lines::with(|lines| sent.iter().for_each(|(_, call)| lines.delivered(*call)));
    }
}

/// A client is freed: a call of it whose reply was not sent.
pub(crate) fn undelivered(client: u64) -> Option<CallId> {
    let mut unsent = unsent();
    let place = unsent.iter().position(|(known, _)| *known == client)?;
    Some(unsent.swap_remove(place).1)
}

/// Another server decides now, or this one begins to: no grant is taken back any more.
pub(crate) fn forget() {
    replies_sent();
    lines::with(|lines| drop(lines.take_returned()));
}
