//! Configs: CONFIG SET and GET, and at load.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use redis_module::raw;

use super::context::{Context, OK};

/// An integer that the operator sets.
pub(crate) struct Config {
    /// Its name, without that of the module.
    pub(crate) name: &'static CStr,
    pub(crate) default: i64,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) value: &'static AtomicI64,
}

/// A yes or no that the operator sets; 0 stands for no.
pub(crate) struct Switch {
    /// Its name, without that of the module.
    pub(crate) name: &'static CStr,
    pub(crate) value: &'static AtomicI64,
}

/// Registers all configs and takes over what was given at load; `false` when the server refuses.
pub(crate) fn register(context: &Context, numbers: &[Config], switches: &[Switch]) -> bool {
    let context = context.as_ptr();
    let numbers = numbers.iter().all(|number| {
        let value = std::ptr::from_ref(number.value).cast_mut().cast::<c_void>();
        // SAFETY: the context is valid, and so are name and value, which are static.
        OK == unsafe {
            api!(RedisModule_RegisterNumericConfig(
                context,
                number.name.as_ptr(),
                number.default,
                raw::REDISMODULE_CONFIG_DEFAULT,
                number.min,
                number.max,
                Some(get_number),
                Some(set_number),
                None,
                value
            ))
        }
    });
    let switches = switches.iter().all(|switch| {
        let value = std::ptr::from_ref(switch.value).cast_mut().cast::<c_void>();
        // SAFETY: as above.
        OK == unsafe {
            api!(RedisModule_RegisterBoolConfig(
                context,
                switch.name.as_ptr(),
                0,
                raw::REDISMODULE_CONFIG_DEFAULT,
                Some(get_switch),
                Some(set_switch),
                None,
                value
            ))
        }
    });
    // SAFETY: the context is valid.
    numbers && switches && unsafe { api!(RedisModule_LoadConfigs(context)) } == OK
}

fn value<'a>(data: *mut c_void) -> Option<&'a AtomicI64> {
    // SAFETY: the pointer is the one that was registered, to a static.
    unsafe { data.cast::<AtomicI64>().as_ref() }
}

extern "C" fn get_number(_: *const c_char, data: *mut c_void) -> c_longlong {
    value(data).map_or(0, |value| value.load(Relaxed))
}

extern "C" fn set_number(
    _: *const c_char,
    number: c_longlong,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    if let Some(value) = value(data) {
        value.store(number, Relaxed);
    }
    OK
}

extern "C" fn get_switch(_: *const c_char, data: *mut c_void) -> c_int {
    value(data).map_or(0, |value| c_int::from(value.load(Relaxed) != 0))
}

extern "C" fn set_switch(
    _: *const c_char,
    on: c_int,
    data: *mut c_void,
    _: *mut *mut raw::RedisModuleString,
) -> c_int {
    if let Some(value) = value(data) {
        value.store(i64::from(on), Relaxed);
    }
    OK
}
