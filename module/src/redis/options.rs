//! Module options: what a module takes care of, so that the server need not.

use std::ffi::c_int;

use redis_module::raw;

/// The module checks for errors of RDB streams. Without it a payload that is cut short ends the server.
pub(crate) const HANDLE_IO_ERRORS: c_int = raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS as c_int;

/// A replica may serve the keys that it has while it loads new ones: the module copes with two copies of a
/// key.
pub(crate) const HANDLE_REPL_ASYNC_LOAD: c_int = raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD as c_int;

/// Closing a key that was opened for writing does not signal it as modified: the module does that itself.
pub(crate) const NO_IMPLICIT_SIGNAL_MODIFIED: c_int =
    raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED as c_int;

/// The module copes with slots that move as a whole.
pub(crate) const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;

/// The options that the server knows; 0 where it does not say.
pub(crate) fn known() -> c_int {
    // SAFETY: the function takes nothing; an old server lacks it.
    unsafe { raw::RedisModule_GetModuleOptionsAll.map_or(0, |all| all()) }
}
