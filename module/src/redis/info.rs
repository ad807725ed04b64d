//! The module's section of INFO.

use std::ffi::c_int;

use redis_module::raw;

use super::api::guarded;
use super::context::{Context, OK, c_string};

/// The fields of the section.
pub(crate) trait InfoSection {
    /// Their names and values. When the server has crashed, no lock may be taken.
    fn fields(crashed: bool) -> impl Iterator<Item = (String, u64)>;
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
            // SAFETY: as above; the server copies the name.
            unsafe { api!(RedisModule_InfoAddFieldULongLong(info, name.as_ptr(), value)) };
        }
    });
}
