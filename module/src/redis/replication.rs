//! Reporting a change: to replicas and the AOF, to watchers and caches, to listeners of keyspace events.

use std::ffi::{CStr, c_int};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use redis_module::raw;

use super::args::Str;
use super::context::Context;

/// The class of a keyspace event.
#[derive(Clone, Copy)]
pub(crate) enum Class {
    /// Of modules: `d`.
    Module,
    /// Of any key: `g`.
    Generic,
}

// SAFETY of all calls below: context and strings are valid, the arguments are those that the format names,
// and the server copies or retains them.
impl Context {
    /// Replicates a command of a key and bytes.
    pub(crate) fn replicate_bytes(&self, command: &CStr, key: Str<'_>, bytes: &[u8]) {
        let (key, data) = (key.as_ptr(), bytes.as_ptr());
        // SAFETY: see above.
        unsafe {
            api!(RedisModule_Replicate(
                self.as_ptr(),
                command.as_ptr(),
                c"sb".as_ptr(),
                key,
                data,
                bytes.len()
            ));
        }
    }

    /// Replicates a command of a key, a string and two pieces of bytes.
    pub(crate) fn replicate_string_and_bytes(
        &self,
        command: &CStr,
        key: Str<'_>,
        string: Str<'_>,
        bytes: [&[u8]; 2],
    ) {
        let (key, string) = (key.as_ptr(), string.as_ptr());
        let [first, second] = bytes;
        // SAFETY: see above.
        unsafe {
            api!(RedisModule_Replicate(
                self.as_ptr(),
                command.as_ptr(),
                c"ssbb".as_ptr(),
                key,
                string,
                first.as_ptr(),
                first.len(),
                second.as_ptr(),
                second.len()
            ));
        }
    }

    /// Replicates a command of a key.
    pub(crate) fn replicate_key(&self, command: &CStr, key: Str<'_>) {
        // SAFETY: see above.
        unsafe {
            api!(RedisModule_Replicate(self.as_ptr(), command.as_ptr(), c"s".as_ptr(), key.as_ptr()));
        }
    }

    /// Writes a command of bytes to the AOF of this server, if it has one, and sends it to no replica.
    pub(crate) fn append_to_aof(&self, command: &CStr, bytes: &[u8]) {
        // SAFETY: see above. `R` is a modifier: not to replicas.
        unsafe {
            api!(RedisModule_Replicate(
                self.as_ptr(),
                command.as_ptr(),
                c"Rb".as_ptr(),
                bytes.as_ptr(),
                bytes.len()
            ));
        }
    }

    /// Replicates the command that is being run, verbatim.
    pub(crate) fn replicate_verbatim(&self) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplicateVerbatim(self.as_ptr())) };
    }

    /// Signals to clients that watch or cache a key that it changed.
    pub(crate) fn signal_modified(&self, key: Str<'_>) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_SignalModifiedKey(self.as_ptr(), key.as_ptr())) };
    }

    /// Sends a keyspace event.
    pub(crate) fn notify(&self, class: Class, event: &CStr, key: Str<'_>) {
        let class = match class {
            Class::Module => raw::REDISMODULE_NOTIFY_MODULE,
            Class::Generic => raw::REDISMODULE_NOTIFY_GENERIC,
        };
        NOTIFYING.store(true, Relaxed);
        // SAFETY: see above.
        unsafe {
            api!(RedisModule_NotifyKeyspaceEvent(
                self.as_ptr(),
                class as c_int,
                event.as_ptr(),
                key.as_ptr()
            ));
        }
        NOTIFYING.store(false, Relaxed);
    }
}

static NOTIFYING: AtomicBool = AtomicBool::new(false);

/// Whether the module itself sends a keyspace event now.
pub(super) fn is_notifying() -> bool {
    NOTIFYING.load(Relaxed)
}
