//! Server events and keyspace events: a new role, loaded data, new settings, databases that are swapped or
//! emptied, forks, clients that disconnect, keys that changed.

use std::ffi::{CStr, c_char, c_int, c_void};

use redis_module::raw;

use super::api::guarded;
use super::args::Str;
use super::context::{Context, OK};
use super::replication::is_notifying;

/// Takes the events of the server.
pub(crate) trait ServerEvents {
    /// The keyspace events of class `g` that [`Self::key_moved`] is called for.
    const KEY_MOVES: &'static [&'static CStr];

    /// The server became a primary, or a replica.
    fn role_changed(context: &Context);
    /// An RDB or AOF file was loaded.
    fn loaded(context: &Context);
    /// CONFIG SET changed settings of the server.
    fn settings_changed(context: &Context);
    /// Two databases changed places.
    fn databases_swapped(context: &Context, first: i32, second: i32);
    /// A database was emptied; `None`: all of them.
    fn database_emptied(context: &Context, db: Option<i32>);
    /// This server forked a child that saves data.
    fn forked(context: &Context);
    /// Several times a second.
    fn cron(context: &Context);
    /// One of [`Self::KEY_MOVES`] happened to a key.
    fn key_moved(context: &Context, key: Str<'_>);
    /// Whether [`Self::key_touched`] is to be called.
    fn watches_keys() -> bool;
    /// A key was deleted, moved, set anew or given another expiry, and not by this module. Nothing may be written:
    /// the server has not replicated the change yet.
    fn key_touched(context: &Context, key: Str<'_>);
    /// The server evicted a key, which is removed already.
    fn evicted(key: Str<'_>);
    /// A client disconnected.
    fn client_gone(context: &Context, client: u64);
    /// All clients that are connected were sent what was replied so far.
    fn replies_sent(context: &Context);
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
        (raw::REDISMODULE_EVENT_FLUSHDB, flushed::<E> as Callback),
        (raw::REDISMODULE_EVENT_FORK_CHILD, fork_child::<E> as Callback),
        (raw::REDISMODULE_EVENT_CRON_LOOP, cron::<E> as Callback),
    ];
    events.into_iter().all(|(id, callback)| subscribe_to(context, id, callback))
}

/// Subscribes to [`ServerEvents::client_gone`] and [`ServerEvents::replies_sent`]. The second happens so often
/// that only a server that needs it should pay for it. The server may be asked again.
pub(crate) fn subscribe_to_deliveries<E: ServerEvents>(context: &Context) {
    subscribe_to(context, raw::REDISMODULE_EVENT_CLIENT_CHANGE, client_changed::<E>);
    subscribe_to(context, raw::REDISMODULE_EVENT_EVENTLOOP, event_loop::<E>);
}

fn subscribe_to(context: &Context, id: u64, callback: Callback) -> bool {
    let event = raw::RedisModuleEvent { id, dataver: 1 };
    // SAFETY: the context is valid, and the callback is a function.
    unsafe { api!(RedisModule_SubscribeToServerEvent(context.as_ptr(), event, Some(callback))) == OK }
}

/// Subscribes to evictions, and if need be to the other events of keys; `false` when the server refuses. One
/// subscription serves all: the server walks the list of them at every event of any command.
pub(crate) fn subscribe_to_keys<E: ServerEvents>(context: &Context, to_all: bool) -> bool {
    let others = if to_all { raw::REDISMODULE_NOTIFY_GENERIC | raw::REDISMODULE_NOTIFY_EXPIRED } else { 0 };
    let classes = EVICTED | others;
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

/// The same with what the server passed about the event.
fn with_info<T>(context: *mut raw::RedisModuleCtx, info: Option<&T>, call: impl FnOnce(&Context, &T)) {
    with(context, |context| {
        if let Some(info) = info {
            call(context, info);
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
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    _: u64,
    info: *mut c_void,
) {
    // SAFETY: with this event the server passes this structure.
    let info = unsafe { info.cast::<raw::RedisModuleSwapDbInfo>().as_ref() };
    with_info(context, info, |context, info| {
        E::databases_swapped(context, info.dbnum_first, info.dbnum_second);
    });
}

unsafe extern "C" fn flushed<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    subevent: u64,
    info: *mut c_void,
) {
    if subevent == raw::REDISMODULE_SUBEVENT_FLUSHDB_END {
        // SAFETY: with this event the server passes this structure.
        let info = unsafe { info.cast::<raw::RedisModuleFlushInfo>().as_ref() };
        with_info(context, info, |context, info| {
            E::database_emptied(context, (info.dbnum >= 0).then_some(info.dbnum));
        });
    }
}

unsafe extern "C" fn client_changed<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    subevent: u64,
    info: *mut c_void,
) {
    if subevent == raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED {
        // SAFETY: with this event the server passes this structure.
        let info = unsafe { info.cast::<raw::RedisModuleClientInfo>().as_ref() };
        with_info(context, info, |context, info| E::client_gone(context, info.id));
    }
}

/// Before the server sleeps it sends replies, and frees clients that it could not send to.
unsafe extern "C" fn event_loop<E: ServerEvents>(
    context: *mut raw::RedisModuleCtx,
    _: raw::RedisModuleEvent,
    subevent: u64,
    _: *mut c_void,
) {
    if subevent == raw::REDISMODULE_SUBEVENT_EVENTLOOP_AFTER_SLEEP {
        with(context, E::replies_sent);
    }
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
    let is_move = !is_eviction && E::KEY_MOVES.contains(&unsafe { CStr::from_ptr(event) });
    let is_watched = E::watches_keys() && !is_notifying();
    if !is_eviction && !is_move && !is_watched {
        return OK;
    }
    with(context, |context| {
        // SAFETY: the server passed the key, which lives as long as the call.
        let Some(key) = (unsafe { Str::new(key) }) else { return };
        if is_eviction {
            E::evicted(key);
        } else if is_move {
            E::key_moved(context, key);
        }
        if is_watched {
            E::key_touched(context, key);
        }
    });
    OK
}
