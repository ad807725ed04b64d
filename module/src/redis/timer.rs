//! One timer that can be set anew.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use redis_module::raw;

use super::api::guarded;
use super::context::Context;

/// A timer. What it calls when it goes off may set it again.
pub(crate) struct Timer {
    call: fn(&Context),
    /// The instant for which it is set, in unix ms; 0 when it is not set.
    due: AtomicU64,
    id: AtomicU64,
}

impl Timer {
    pub(crate) const fn new(call: fn(&Context)) -> Self {
        Self { call, due: AtomicU64::new(0), id: AtomicU64::new(0) }
    }

    /// Sets it for an instant (unix ms), unless it is set for one that is not later.
    pub(crate) fn set(&'static self, context: &Context, now: u64, due: u64) {
        let set = self.due.load(Relaxed);
        // One that should have gone off long ago waits on a clock that did not jump ahead as the time did.
        if set != 0 && set <= due && now <= set.saturating_add(LATE) {
            return;
        }
        if set != 0 {
            // SAFETY: the timer is set: what goes off says first that it is not any more. So it is not
            // stopped from within itself either, of which the server would not be aware.
            unsafe {
                api!(RedisModule_StopTimer(context.as_ptr(), self.id.load(Relaxed), std::ptr::null_mut()));
            }
        }
        let period = i64::try_from(due.saturating_sub(now)).unwrap_or(i64::MAX).clamp(1, LONGEST);
        let this = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        // SAFETY: the context is valid; the timer is static, so the pointer is valid when it goes off.
        let id = unsafe { api!(RedisModule_CreateTimer(context.as_ptr(), period, Some(gone_off), this)) };
        self.id.store(id, Relaxed);
        self.due.store(due.max(now), Relaxed);
    }
}

/// A timer that is late by this, in ms, is set anew.
const LATE: u64 = 100;
/// The longest period, in ms: a day. The server adds the period to a clock and must not overflow.
const LONGEST: i64 = 86_400_000;

extern "C" fn gone_off(context: *mut raw::RedisModuleCtx, timer: *mut c_void) {
    guarded(|| {
        // SAFETY: the pointer is that of a static timer, as it was set.
        let timer = unsafe { timer.cast::<Timer>().as_ref() };
        // SAFETY: the server passed the context.
        if let (Some(timer), Some(context)) = (timer, unsafe { Context::new(context) }) {
            timer.due.store(0, Relaxed);
            (timer.call)(&context);
        }
    });
}
