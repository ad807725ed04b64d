//! Calls that wait: the server blocks the client until the module unblocks it.
//!
//! A client is blocked on a key. So the server redirects it when the slot of the key moves to another node, and
//! unblocks it when this server becomes a replica. The server cannot tell when the key is free, for a key that
//! does not exist wakes nobody: the module itself unblocks the client, and the server then calls the function
//! that it also calls when the time is up.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_longlong, c_void};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis_module::raw;

use super::api::guarded;
use super::args::Str;
use super::context::{Context, OK};

/// Takes what happens to calls that wait. The numbers of calls rise.
pub(crate) trait BlockedCalls {
    /// The call ends: it was unblocked, or its time is up. Replies.
    fn reply(context: &Context, call: u64);

    /// The call ended without a reply of the module: the client is gone, or the server replied an error.
    fn abandoned(context: &Context, call: u64);

    /// The last of the call, whatever came before. `client` is the client if it is still connected, and gets the
    /// reply if there was one.
    fn ended(context: &Context, call: u64, client: Option<u64>);
}

/// A client that is blocked.
struct Blocked {
    handle: Handle,
    client: u64,
}

struct Handle(NonNull<raw::RedisModuleBlockedClient>);

// SAFETY: the handle is used on the server's main thread only, on which every call of the module runs.
unsafe impl Send for Handle {}

/// The calls that wait. A handle is valid while it is here: the server frees it after [`free`].
struct Calls {
    last: u64,
    blocked: BTreeMap<u64, Blocked>,
}

static CALLS: Mutex<Calls> = Mutex::new(Calls { last: 0, blocked: BTreeMap::new() });

fn calls() -> MutexGuard<'static, Calls> {
    CALLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Blocks the caller on a key for so many ms, 0 for no limit, and returns the number of the call. The caller must
/// be one that may be blocked.
pub(crate) fn block<B: BlockedCalls>(context: &Context, key: Str<'_>, timeout: u64) -> Option<u64> {
    let mut calls = calls();
    let call = calls.last.checked_add(1)?;
    let timeout = c_longlong::try_from(timeout).unwrap_or(c_longlong::MAX);
    let mut keys = [key.as_ptr()];
    // SAFETY: context and key are valid, and the server retains the key. The private data is a number.
    let handle = unsafe {
        api!(RedisModule_BlockClientOnKeys(
            context.as_ptr(),
            Some(never_ready),
            Some(reply::<B>),
            Some(free::<B>),
            timeout,
            keys.as_mut_ptr(),
            1,
            std::ptr::without_provenance_mut(usize::try_from(call).ok()?)
        ))
    };
    let handle = NonNull::new(handle)?;
    // SAFETY: the handle is valid, and so is the context.
    let client = unsafe {
        api!(RedisModule_SetDisconnectCallback(handle.as_ptr(), Some(disconnected::<B>)));
        api!(RedisModule_GetClientId(context.as_ptr()))
    };
    calls.last = call;
    calls.blocked.insert(call, Blocked { handle: Handle(handle), client });
    Some(call)
}

/// Unblocks the client of a call, if it is still blocked: [`BlockedCalls::reply`] is called, now or soon.
pub(crate) fn unblock(call: u64) {
    let handle = calls().blocked.get(&call).map(|blocked| blocked.handle.0);
    if let Some(handle) = handle {
        // SAFETY: the handle is valid as long as it is in the list. The server may call back at once, so the list is
        // not locked.
        unsafe { api!(RedisModule_UnblockClient(handle.as_ptr(), std::ptr::null_mut())) };
    }
}

/// The number of the call that a callback is about.
fn call_of(context: &Context) -> u64 {
    // SAFETY: the context is valid.
    let data = unsafe { api!(RedisModule_GetBlockedClientPrivateData(context.as_ptr())) };
    u64::try_from(data.addr()).unwrap_or(0)
}

/// The server asks this when it signals the key as ready, which says nothing about whether the call can end.
unsafe extern "C" fn never_ready(
    _: *mut raw::RedisModuleCtx,
    _: *mut *mut raw::RedisModuleString,
    _: c_int,
) -> c_int {
    raw::REDISMODULE_ERR as c_int
}

unsafe extern "C" fn reply<B: BlockedCalls>(
    context: *mut raw::RedisModuleCtx,
    _: *mut *mut raw::RedisModuleString,
    _: c_int,
) -> c_int {
    // SAFETY: the server passed the context.
    if let Some(context) = unsafe { Context::new(context) }
        && guarded(|| B::reply(&context, call_of(&context))).is_none()
    {
        context.reply_error("ERR the module failed; its server's log says how");
    }
    OK
}

unsafe extern "C" fn disconnected<B: BlockedCalls>(
    context: *mut raw::RedisModuleCtx,
    _: *mut raw::RedisModuleBlockedClient,
) {
    guarded(|| {
        // SAFETY: the server passed the context.
        if let Some(context) = unsafe { Context::new(context) } {
            B::abandoned(&context, call_of(&context));
        }
    });
}

unsafe extern "C" fn free<B: BlockedCalls>(context: *mut raw::RedisModuleCtx, data: *mut c_void) {
    guarded(|| {
        let call = u64::try_from(data.addr()).unwrap_or(0);
        let Some(Blocked { client, .. }) = calls().blocked.remove(&call) else { return };
        // SAFETY: a null pointer asks only whether there is such a client.
        let is_connected = unsafe { api!(RedisModule_GetClientInfoById(std::ptr::null_mut(), client)) } == OK;
        // SAFETY: the server passed the context.
        if let Some(context) = unsafe { Context::new(context) } {
            let gets_reply = is_connected && !drops_reply(&context);
            B::ended(&context, call, gets_reply.then_some(client));
        }
    });
}

/// Whether the server drops the reply to a call that ends, because it replied an error itself after the module had
/// replied. Only servers that keep the module's reply until the client is unblocked do so: Redis since 7.2, and Valkey.
/// They have this function since then.
fn drops_reply(context: &Context) -> bool {
    // SAFETY: the context is valid.
    let is_detached = unsafe { api!(RedisModule_BlockedClientDisconnected(context.as_ptr())) } != 0;
    // SAFETY: the server sets the pointer when it loads the module, and never again.
    is_detached && unsafe { raw::RedisModule_BlockClientOnAuth }.is_some()
}
