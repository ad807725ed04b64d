//! The module's section of INFO.

use std::ffi::c_int;

use redis_module::raw;

use super::api::guarded;
use super::context::{Context, OK, c_string};
use crate::{schedule, state};

/// Registers the section; `false` when the server refuses.
pub(crate) fn register(context: &Context) -> bool {
    // SAFETY: the context is valid.
    unsafe { api!(RedisModule_RegisterInfoFunc(context.as_ptr(), Some(section))) == OK }
}

extern "C" fn section(info: *mut raw::RedisModuleInfoCtx, crashed: c_int) {
    guarded(|| {
        // SAFETY: the server passed the context; an empty name is that of the module.
        if unsafe { api!(RedisModule_InfoAddSection(info, c"".as_ptr())) } != OK {
            return;
        }
        // A server that crashed may have been at work on the schedule, which is locked then.
        let scheduled = (crashed == 0).then(|| ("scheduled_sales".to_owned(), schedule::len()));
        for (name, value) in state::counters().chain(scheduled) {
            let name = c_string(&name);
            // SAFETY: as above; the server copies the name.
            unsafe { api!(RedisModule_InfoAddFieldULongLong(info, name.as_ptr(), value)) };
        }
    });
}
