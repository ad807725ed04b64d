//! Configs: CONFIG SET and GET, and values that are given at load.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use redis_module::raw;

use super::context::{Context, OK};

/// A config that is an integer.
pub(crate) struct NumberConfig {
    /// Its name, without that of the module.
    pub(crate) name: &'static CStr,
    pub(crate) default: i64,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) value: &'static AtomicI64,
}

/// A config that is yes or no; 0 stands for no, the default.
pub(crate) struct BoolConfig {
    /// Its name, without that of the module.
    pub(crate) name: &'static CStr,
    pub(crate) value: &'static AtomicI64,
}

/// Registers all configs and reads those given at load; `false` when the server refuses. To the server the
/// present values are the defaults.
pub(crate) fn register(context: &Context, numbers: &[NumberConfig], bools: &[BoolConfig]) -> bool {
    let context = context.as_ptr();
    let numbers = numbers.iter().all(|config| {
        let value = std::ptr::from_ref(config.value).cast_mut().cast::<c_void>();
        // SAFETY: the context is valid, and so are name and value, which are static.
        OK == unsafe {
            api!(RedisModule_RegisterNumericConfig(
                context,
                config.name.as_ptr(),
                config.value.load(Relaxed),
                raw::REDISMODULE_CONFIG_DEFAULT,
                config.min,
                config.max,
                Some(get_number),
                Some(set_number),
                None,
                value
            ))
        }
    });
    let bools = bools.iter().all(|config| {
        let value = std::ptr::from_ref(config.value).cast_mut().cast::<c_void>();
        // SAFETY: as above.
        OK == unsafe {
            api!(RedisModule_RegisterBoolConfig(
                context,
                config.name.as_ptr(),
                c_int::from(config.value.load(Relaxed) != 0),
                raw::REDISMODULE_CONFIG_DEFAULT,
                Some(get_bool),
                Some(set_bool),
                None,
                value
            ))
        }
    });
    // SAFETY: the context is valid.
    numbers && bools && unsafe { api!(RedisModule_LoadConfigs(context)) } == OK
}

/// # Safety
/// The pointer must be the one that was registered, to a static.
unsafe fn value(data: *mut c_void) -> Option<&'static AtomicI64> {
    // SAFETY: as the caller promises.
    unsafe { data.cast::<AtomicI64>().as_ref() }
}

unsafe extern "C" fn get_number(_: *const c_char, data: *mut c_void) -> c_longlong {
    // SAFETY: the server passes what was registered.
    unsafe { value(data) }.map_or(0, |value| value.load(Relaxed))
}

unsafe extern "C" fn set_number(
    _: *const c_char,
    number: c_longlong,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes what was registered.
    if let Some(value) = unsafe { value(data) } {
        value.store(number, Relaxed);
    }
    OK
}

unsafe extern "C" fn get_bool(_: *const c_char, data: *mut c_void) -> c_int {
    // SAFETY: the server passes what was registered.
    unsafe { value(data) }.map_or(0, |value| c_int::from(value.load(Relaxed) != 0))
}

unsafe extern "C" fn set_bool(
    _: *const c_char,
    on: c_int,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes what was registered.
    if let Some(value) = unsafe { value(data) } {
        value.store(i64::from(on), Relaxed);
    }
    OK
}
