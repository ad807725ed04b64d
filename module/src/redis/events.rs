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
        (raw::REDISMODULE_EVENT_CRON_LOOP, ticked as Callback),
    ];
    // SAFETY: the context is valid, and the callbacks are functions.
    unsafe {
        for (id, callback) in server_events {
            let event = raw::RedisModuleEvent { id, dataver: 1 };
            if api!(RedisModule_SubscribeToServerEvent(context.as_ptr(), event, Some(callback))) != OK {
                return false;
            }
        }
        if moves_its_clients(context) {
            return true;
        }
        let class = raw::REDISMODULE_NOTIFY_GENERIC as c_int;
        api!(RedisModule_SubscribeToKeyspaceEvents(context.as_ptr(), class, Some(key_event))) == OK
    }
}

/// From 8.1 until 9.1.2 Valkey leaves a client in the database of a keyspace event that a module listened to:
/// after MOVE or COPY its next commands went to the wrong one (valkey-io/valkey, pull request 4024).
fn moves_its_clients(context: &Context) -> bool {
    let affected = context.valkey_version().is_some_and(|version| ([8, 1, 0]..[9, 1, 2]).contains(&version));
    if affected {
        context.warn(
            "this Valkey cannot tell of RENAME and MOVE without harm (fixed in 9.1.2): the holds of a sale \
             that is renamed or moved run out when it is next written to",
        );
    }
    affected
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
        state::begin_tenure(u16::from_le_bytes(Context::random()));
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

/// Several times a second: whatever kept the timer from going off, it is set anew.
extern "C" fn ticked(context: *mut raw::RedisModuleCtx, _: raw::RedisModuleEvent, _: u64, _: *mut c_void) {
    with(context, schedule::arm);
}

/// What brings a sale to a key without a call of its data type.
const ARRIVALS: [&CStr; 2] = [c"rename_to", c"move_to"];

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
