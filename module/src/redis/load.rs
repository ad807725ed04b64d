//! Loading the module.

use std::ffi::c_int;

use redis_module::raw;

use super::api::guarded;
use super::context::{Context, OK};
use super::{alloc, command, config, events, info, sale_type};
use crate::{commands, state};

const FAILED: c_int = raw::REDISMODULE_ERR as c_int;

/// What the server calls to load the module.
///
/// # Safety
/// The server passes a context for this call.
#[unsafe(no_mangle)]
unsafe extern "C" fn RedisModule_OnLoad(
    context: *mut raw::RedisModuleCtx,
    _: *mut *mut raw::RedisModuleString,
    _: c_int,
) -> c_int {
    // SAFETY: the server passed the context. Nothing may be allocated before this call.
    let ready = unsafe { raw::Export_RedisModule_Init(context, c"seckill".as_ptr(), state::VERSION, 1) };
    if ready != OK {
        return FAILED;
    }
    let loaded = guarded(|| {
        // SAFETY: as above.
        let context = unsafe { Context::new(context) }?;
        if !alloc::is_aligned() {
            context.warn("this server's allocator does not align to 16 bytes, which the module needs");
            return None;
        }
        context.keep_detached();
        state::begin_tenure(u16::from_le_bytes(Context::random()));
        let loaded = sale_type::register(&context)
            && command::register_all(&context)
            && config::register(&context, &state::NUMBERS, &state::SWITCHES)
            && info::register(&context)
            && events::subscribe(&context);
        set_options(&context);
        commands::warn_of_eviction(&context);
        loaded.then_some(())
    });
    if loaded.flatten().is_some() { OK } else { FAILED }
}

/// Slots that move as a whole: the bit of an option that newer servers know.
const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;

/// All options at once, for each call overwrites those of the one before.
fn set_options(context: &Context) {
    // Errors while loading are ours to handle. A replica may go on serving what it has while it loads anew: of two
    // copies of a key none knows the other, and notes of deadlines are only hints. No change is signalled but by
    // us: closing a key that was opened for writing would else wipe every reader's cache.
    let mut options = (raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS
        | raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD
        | raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED) as c_int;
    // SAFETY: the context is valid; the server may lack the function that tells which options it knows.
    unsafe {
        if raw::RedisModule_GetModuleOptionsAll.is_some_and(|all| all() & HANDLE_ATOMIC_SLOT_MIGRATION != 0) {
            options |= HANDLE_ATOMIC_SLOT_MIGRATION;
        }
        api!(RedisModule_SetModuleOptions(context.as_ptr(), options));
    }
}
