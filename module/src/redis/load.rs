//! Loading the module.

use std::ffi::{CStr, c_int};

use redis_module::raw;

use super::alloc;
use super::api::guarded;
use super::context::{Context, OK};

/// Makes a function the one that registers everything when the server loads the module.
macro_rules! module {
    (name: $name:expr, version: $version:expr, load: $load:path) => {
        /// # Safety
        /// The server passes a context for this call.
        #[allow(unsafe_code, reason = "the server finds the module by this symbol")]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn RedisModule_OnLoad(
            context: *mut ::redis_module::raw::RedisModuleCtx,
            _: *mut *mut ::redis_module::raw::RedisModuleString,
            _: ::std::ffi::c_int,
        ) -> ::std::ffi::c_int {
            // SAFETY: the server passed the context.
            unsafe { $crate::redis::load_module(context, $name, $version, $load) }
        }
    };
}

/// Takes over the functions of the server, and then calls `load`, which is `false` when the module is not to
/// be loaded.
///
/// # Safety
/// The context must be the one that the server passed to `RedisModule_OnLoad`.
pub(crate) unsafe fn load_module(
    context: *mut raw::RedisModuleCtx,
    name: &CStr,
    version: c_int,
    load: fn(&Context) -> bool,
) -> c_int {
    const FAILED: c_int = raw::REDISMODULE_ERR as c_int;
    // SAFETY: the server passed the context. Nothing may be allocated before this call.
    if unsafe { raw::Export_RedisModule_Init(context, name.as_ptr(), version, 1) } != OK {
        return FAILED;
    }
    let loaded = guarded(|| {
        // SAFETY: as above.
        let Some(context) = (unsafe { Context::new(context) }) else { return false };
        if !alloc::is_aligned() {
            context.warn("this server's allocator does not align to 16 bytes, which the module needs");
            return false;
        }
        context.keep_detached();
        load(&context)
    });
    if loaded == Some(true) { OK } else { FAILED }
}
