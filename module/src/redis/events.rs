//! What the server tells of itself: a new role, loaded data, swapped databases, keys that moved.

use std::ffi::{CStr, c_char, c_int, c_void};

use redis_module::raw;

use super::api::guarded;
use super::args::Str;
use super::context::{Context, OK};
use crate::{schedule, state};

/// Subscribes; `false` when the server refuses.
pub(crate) fn subscribe(context: &Context) -> bool {
    let server_events = [
        (raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED, role_changed as Callback),
        (raw::REDISMODULE_EVENT_LOADING, loading as Callback),
        (raw::REDISMODULE_EVENT_SWAPDB, swapped as Callback),
    ];
    // SAFETY: the context is valid, and the callbacks are functions.
    unsafe {
        for (id, callback) in server_events {
            let event = raw::RedisModuleEvent { id, dataver: 1 };
            if api!(RedisModule_SubscribeToServerEvent(context.as_ptr(), event, Some(callback))) != OK {
                return false;
            }
        }
        let class = raw::REDISMODULE_NOTIFY_GENERIC as c_int;
        api!(RedisModule_SubscribeToKeyspaceEvents(context.as_ptr(), class, Some(key_event))) == OK
    }
}

type Callback = extern "C" fn(*mut raw::RedisModuleCtx, raw::RedisModuleEvent, u64, *mut c_void);

/// Calls with the context that the server passed.
fn with(context: *mut raw::RedisModuleCtx, call: impl FnOnce(&Context)) {
    guarded(|| {
        // SAFETY: the server passed the context.
        if let Some(context) = unsafe { Context::new(context) } {
            call(&context);
        }
    });
}

extern "C" fn role_changed(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    _: *mut c_void,
) {
    with(context, |context| {
        state::begin_tenure();
        schedule::arm(context);
    });
}

extern "C" fn loading(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    subevent: u64,
    _: *mut c_void,
) {
    if subevent == raw::REDISMODULE_SUBEVENT_LOADING_ENDED {
        with(context, schedule::arm);
    }
}

extern "C" fn swapped(_: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, _: u64, info: *mut c_void) {
    guarded(|| {
        // SAFETY: with this event the server passes this structure.
        if let Some(info) = unsafe { info.cast::<raw::RedisModuleSwapDbInfo>().as_ref() } {
            schedule::swap(info.dbnum_first, info.dbnum_second);
        }
    });
}

/// What brings a sale to a key, but for the commands of this module.
const ARRIVALS: [&CStr; 4] = [c"rename_to", c"move_to", c"copy_to", c"restore"];

extern "C" fn key_event(
    context: *mut raw::RedisModuleCtx,
    _: c_int,
    event: *const c_char,
    key: *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a C string.
    let event = unsafe { CStr::from_ptr(event) };
    if ARRIVALS.contains(&event) {
        with(context, |context| {
            // SAFETY: the server passed the key, which lives as long as the call.
            if let Some(key) = unsafe { Str::new(key) } {
                schedule::arrived(context, key);
            }
        });
    }
    OK
}
