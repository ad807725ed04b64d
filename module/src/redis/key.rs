//! Open keys: strings, and values of a data type of the module.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::slice;

use redis_module::raw;

use super::args::Str;
use super::context::{Context, OK};
use super::data_type::DataType;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Empty,
    String,
    /// A value of the data type that was asked for.
    Value,
    Other,
}

/// An open key. It closes itself.
///
/// At most one `Key` of a name hands out references at a time, and no command runs while it does. So a
/// command drops its key before it sends keyspace events, to which other modules may react.
pub(crate) struct Key<'c> {
    raw: *mut raw::RedisModuleKey,
    context: PhantomData<&'c Context>,
}

impl<'c> Key<'c> {
    /// Opens a key for reading.
    pub(crate) fn read(context: &'c Context, name: Str<'_>) -> Self {
        Self::open(context, name, raw::REDISMODULE_READ)
    }

    /// Opens a key for reading and writing. On a primary this deletes a key that has expired.
    pub(crate) fn write(context: &'c Context, name: Str<'_>) -> Self {
        Self::open(context, name, raw::REDISMODULE_READ | raw::REDISMODULE_WRITE)
    }

    fn open(context: &'c Context, name: Str<'_>, mode: u32) -> Self {
        let mode = c_int::try_from(mode).unwrap_or(0);
        // SAFETY: context and name are valid. For an absent key the server may return a null pointer; the
        // functions below treat it as an empty key.
        let raw = unsafe { api!(RedisModule_OpenKey(context.as_ptr(), name.as_ptr(), mode)) };
        Self { raw: raw.cast(), context: PhantomData }
    }

    /// What the key holds; `T` is the data type that is looked for.
    pub(crate) fn kind<T: DataType>(&self) -> KeyKind {
        let kind = self.server_kind();
        if kind == raw::REDISMODULE_KEYTYPE_EMPTY as c_int {
            KeyKind::Empty
        } else if kind == raw::REDISMODULE_KEYTYPE_STRING as c_int {
            KeyKind::String
        } else if kind == raw::REDISMODULE_KEYTYPE_MODULE as c_int && self.value::<T>().is_some() {
            KeyKind::Value
        } else {
            KeyKind::Other
        }
    }

    fn is_empty(&self) -> bool {
        self.server_kind() == raw::REDISMODULE_KEYTYPE_EMPTY as c_int
    }

    fn server_kind(&self) -> c_int {
        // SAFETY: the key is open, or a null pointer.
        unsafe { api!(RedisModule_KeyType(self.raw)) }
    }

    /// The server's type of the key, as its documentation calls it.
    pub(crate) fn type_name(&self) -> &'static str {
        match isize::try_from(self.server_kind()).unwrap_or(raw::REDISMODULE_KEYTYPE_EMPTY) {
            raw::REDISMODULE_KEYTYPE_STRING => "string",
            raw::REDISMODULE_KEYTYPE_LIST => "list",
            raw::REDISMODULE_KEYTYPE_HASH => "hash",
            raw::REDISMODULE_KEYTYPE_SET => "set",
            raw::REDISMODULE_KEYTYPE_ZSET => "sorted set",
            raw::REDISMODULE_KEYTYPE_STREAM => "stream",
            _ => "value of another type",
        }
    }

    /// The bytes of a string key; empty for any other type.
    ///
    /// Reading a short value makes the server keep it in another encoding: there is no other way to read a
    /// string without a copy. Only OBJECT ENCODING and some bytes of memory show it.
    pub(crate) fn string(&self) -> &[u8] {
        let mut len = 0;
        // SAFETY: the key is open, and not changed while the bytes are borrowed. For what is no string the
        // pointer is null.
        unsafe {
            let mode = raw::REDISMODULE_READ as c_int;
            let value = api!(RedisModule_StringDMA(self.raw, &raw mut len, mode));
            if value.is_null() { &[] } else { slice::from_raw_parts(value.cast::<u8>(), len) }
        }
    }

    /// Makes the key a string that expires at an instant, in unix ms.
    pub(crate) fn set_string(&mut self, value: Str<'_>, until: u64) {
        // SAFETY: the key is open for writing; the server retains the string.
        unsafe { api!(RedisModule_StringSet(self.raw, value.as_ptr())) };
        self.set_expiry(until);
    }

    pub(crate) fn set_expiry(&mut self, until: u64) {
        let until = i64::try_from(until).unwrap_or(i64::MAX);
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_SetAbsExpire(self.raw, until)) };
    }

    /// When the key expires, in unix ms; `None` when it does not.
    pub(crate) fn expiry(&self) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: the key is open, and not empty: Redis 8.6 does not check that.
        let expiry = unsafe { api!(RedisModule_GetAbsExpire(self.raw)) };
        // `REDISMODULE_NO_EXPIRE` is negative.
        u64::try_from(expiry).ok()
    }

    pub(crate) fn delete(&mut self) {
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_DeleteKey(self.raw)) };
    }

    fn pointer<T: DataType>(&self) -> *mut T {
        // SAFETY: the key is open, or a null pointer. Only a value of the type has a pointer to a `T`.
        unsafe {
            if api!(RedisModule_ModuleTypeGetType(self.raw)) == T::handle().get() {
                api!(RedisModule_ModuleTypeGetValue(self.raw)).cast()
            } else {
                std::ptr::null_mut()
            }
        }
    }

    /// The value of the data type that the key holds.
    pub(crate) fn value<T: DataType>(&self) -> Option<&T> {
        // SAFETY: the value is the module's, and only its commands change it, one at a time.
        unsafe { self.pointer::<T>().as_ref() }
    }

    /// The value of the data type that the key holds, to change it.
    pub(crate) fn value_mut<T: DataType>(&mut self) -> Option<&mut T> {
        // SAFETY: as in `value`.
        unsafe { self.pointer::<T>().as_mut() }
    }

    /// Puts a value into an empty key. When the server refuses, the key stays empty.
    pub(crate) fn put<T: DataType>(&mut self, value: T) {
        let value = Box::into_raw(Box::new(value));
        // SAFETY: the type is the value's. The server owns the value now, unless it refuses: then it is ours
        // still.
        unsafe {
            let set =
                api!(RedisModule_ModuleTypeSetValue(self.raw, T::handle().get(), value.cast::<c_void>()));
            if set != OK {
                drop(Box::from_raw(value));
            }
        }
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        // SAFETY: the key was opened by us, and is closed once.
        unsafe { api!(RedisModule_CloseKey(self.raw)) };
    }
}
