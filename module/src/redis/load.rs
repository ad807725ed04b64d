//! Loading the module.

use std::ffi::{CStr, c_int};

use redis_module::raw;

use super::alloc;
use super::api::guarded;
use super::args::Str;
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
            argv: *mut *mut ::redis_module::raw::RedisModuleString,
            argc: ::std::ffi::c_int,
        ) -> ::std::ffi::c_int {
            // SAFETY: the server passed the context and the arguments.
            unsafe { $crate::redis::load_module(context, argv, argc, $name, $version, $load) }
        }
    };
}

/// Takes over the functions of the server, and then calls `load`, which is `false` when the module is not to
/// be loaded. It gets the arguments that follow the path of the module.
///
/// # Safety
/// Context and arguments must be those that the server passed to `RedisModule_OnLoad`.
pub(crate) unsafe fn load_module(
    context: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    name: &CStr,
    version: c_int,
    load: fn(&Context, &[&[u8]]) -> bool,
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
        // SAFETY: the server passed the arguments, which live as long as this call.
        let arguments =
            (0..usize::try_from(argc).unwrap_or(0)).filter_map(|at| unsafe { Str::new(*argv.add(at)) });
        load(&context, &arguments.map(Str::bytes).collect::<Vec<_>>())
    });
    if loaded == Some(true) {
        return OK;
    }
    Context::free_detached();
    FAILED
}
