//! The module's section of INFO.

use std::ffi::{CStr, c_int};

use redis_module::raw;

use super::api::guarded;
use super::context::{Context, OK, c_string};

/// The value of a field.
pub(crate) enum InfoValue {
    Text(&'static CStr),
    Number(u64),
}

/// The fields of the section.
pub(crate) trait InfoSection {
    /// Their names and values. When the server has crashed, no lock may be taken.
    fn fields(crashed: bool) -> impl Iterator<Item = (String, InfoValue)>;
}

/// Registers the section; `false` when the server refuses.
pub(crate) fn register<S: InfoSection>(context: &Context) -> bool {
    // SAFETY: the context is valid.
    unsafe { api!(RedisModule_RegisterInfoFunc(context.as_ptr(), Some(section::<S>))) == OK }
}

unsafe extern "C" fn section<S: InfoSection>(info: *mut raw::RedisModuleInfoCtx, crashed: c_int) {
    guarded(|| {
        // SAFETY: the server passed the context; an empty name is that of the module.
        if unsafe { api!(RedisModule_InfoAddSection(info, c"".as_ptr())) } != OK {
            return;
        }
        for (name, value) in S::fields(crashed != 0) {
            let name = c_string(&name);
            // SAFETY: as above; the server copies name and text.
            unsafe {
                match value {
                    InfoValue::Text(text) => {
                        api!(RedisModule_InfoAddFieldCString(info, name.as_ptr(), text.as_ptr()))
                    }
                    InfoValue::Number(number) => {
                        api!(RedisModule_InfoAddFieldULongLong(info, name.as_ptr(), number))
                    }
                }
            };
        }
    });
}
