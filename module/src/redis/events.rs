//! Server events and keyspace events: a new role, loaded data, new settings, swapped databases, forks, keys
//! that changed.

use std::ffi::{CStr, c_char, c_int, c_void};

use redis_module::raw;

use super::api::guarded;
use super::args::Str;
use super::context::{Context, OK};

/// Takes the events of the server.
pub(crate) trait ServerEvents {
    /// The keyspace events of class `g` that [`Self::key_event`] is called for.
    const KEY_EVENTS: &'static [&'static CStr];

    /// The server became a primary, or a replica.
    fn role_changed(context: &Context);
    /// An RDB or AOF file was loaded.
    fn loaded(context: &Context);
    /// CONFIG SET changed settings of the server.
    fn settings_changed(context: &Context);
    /// Two databases changed places.
    fn databases_swapped(first: i32, second: i32);
    /// This server forked a child that saves data.
    fn forked(context: &Context);
    /// Several times a second.
    fn cron(context: &Context);
    /// A keyspace event happened to a key.
    fn key_event(context: &Context, key: Str<'_>);
    /// The server evicted a key, which is removed already.
    fn evicted(key: Str<'_>);
}

type Callback = unsafe extern "C" fn(*mut raw::RedisModuleCtx, raw::RedisModuleEvent, u64, *mut c_void);

/// The class of the event of a key that was evicted.
const EVICTED: c_int = raw::REDISMODULE_NOTIFY_EVICTED;

/// Subscribes to server events; `false` when the server refuses.
pub(crate) fn subscribe<E: ServerEvents>(context: &Context) -> bool {
    let events = [
        (raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED, role_changed::<E> as Callback),
        (raw::REDISMODULE_EVENT_LOADING, loading::<E> as Callback),
        (raw::REDISMODULE_EVENT_CONFIG, settings_changed::<E>),
        (raw::REDISMODULE_EVENT_SWAPDB, swapped::<E> as Callback),
        (raw::REDISMODULE_EVENT_FORK_CHILD, fork_child::<E> as Callback),
        (raw::REDISMODULE_EVENT_CRON_LOOP, cron::<E> as Callback),
    ];
    events.into_iter().all(|(id, callback)| {
        let event = raw::RedisModuleEvent { id, dataver: 1 };
        // SAFETY: the context is valid, and the callback is a function.
        unsafe { api!(RedisModule_SubscribeToServerEvent(context.as_ptr(), event, Some(callback))) == OK }
    })
}

/// Subscribes to evictions, and if need be to [`ServerEvents::KEY_EVENTS`]; `false` when the server refuses. One
/// subscription serves both: the server walks the list of them at every event of any command.
pub(crate) fn subscribe_to_keys<E: ServerEvents>(context: &Context, to_key_events: bool) -> bool {
    let key_events = if to_key_events { raw::REDISMODULE_NOTIFY_GENERIC } else { 0 };
    let classes = EVICTED | key_events;
    // SAFETY: the context is valid, and the callback is a function.
    let subscribed = unsafe {
        api!(RedisModule_SubscribeToKeyspaceEvents(context.as_ptr(), classes, Some(keyspace_event::<E>)))
    };
    subscribed == OK
}

/// Calls with the context that the server passed.
fn with(context: *mut raw::RedisModuleCtx, call: impl FnOnce(&Context)) {
    guarded(|| {
        // SAFETY: the server passed the context.
        if let Some(context) = unsafe { Context::new(context) } {
            call(&context);
        }
    });
}

unsafe extern "C" fn role_changed<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    _: *mut c_void,
) {
    with(context, E::role_changed);
}

unsafe extern "C" fn loading<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    subevent: u64,
    _: *mut c_void,
) {
    if subevent == raw::REDISMODULE_SUBEVENT_LOADING_ENDED {
        with(context, E::loaded);
    }
}

unsafe extern "C" fn fork_child<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    subevent: u64,
    _: *mut c_void,
) {
    if subevent == raw::REDISMODULE_SUBEVENT_FORK_CHILD_BORN {
        with(context, E::forked);
    }
}

unsafe extern "C" fn settings_changed<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    _: *mut c_void,
) {
    with(context, E::settings_changed);
}

unsafe extern "C" fn swapped<E: ServerEvents>(
    _: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    info: *mut c_void,
) {
    guarded(|| {
        // SAFETY: with this event the server passes this structure.
        if let Some(info) = unsafe { info.cast::<raw::RedisModuleSwapDbInfo>().as_ref() } {
            E::databases_swapped(info.dbnum_first, info.dbnum_second);
        }
    });
}

unsafe extern "C" fn cron<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    _: *mut c_void,
) {
    with(context, E::cron);
}

unsafe extern "C" fn keyspace_event<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    class: c_int,
    event: *const c_char,
    key: *mut raw::RedisModuleString,
) -> c_int {
    let is_eviction = class == EVICTED;
    // Every command on a generic key comes here, so the name is checked first.
    // SAFETY: the server passes a C string.
    if !is_eviction && !E::KEY_EVENTS.contains(&unsafe { CStr::from_ptr(event) }) {
        return OK;
    }
    with(context, |context| {
        // SAFETY: the server passed the key, which lives as long as the call.
        match unsafe { Str::new(key) } {
            Some(key) if is_eviction => E::evicted(key),
            Some(key) => E::key_event(context, key),
            None => {}
        }
    });
    OK
}
