//! Keys: the strings that are locks, and the sales.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::slice;

use redis_module::raw;
use seckill_core::Sale;

use super::args::Str;
use super::context::Context;
use super::sale_type;
use crate::schedule::{self, Ticket};

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    String,
    Sale,
    Other,
}

/// A sale as it stands in the keyspace.
pub(crate) struct Stored {
    pub(crate) sale: Sale,
    /// The note that the schedule has of this sale.
    pub(crate) noted: Option<Ticket>,
}

impl Stored {
    pub(crate) fn new(sale: Sale) -> Self {
        Self { sale, noted: None }
    }

    /// Memory, in bytes, its note in the schedule included.
    pub(crate) fn memory(&self) -> usize {
        let own = size_of::<Self>() - size_of::<Sale>();
        self.sale.memory() + own + if self.noted.is_some() { schedule::NOTE_MEMORY } else { 0 }
    }
}

/// An open key. It closes itself.
pub(crate) struct Key<'c> {
    raw: *mut raw::RedisModuleKey,
    context: PhantomData<&'c Context>,
}

impl<'c> Key<'c> {
    /// Opens a key for reading.
    pub(crate) fn read(context: &'c Context, name: Str<'_>) -> Self {
        Self::open(context, name, raw::REDISMODULE_READ)
    }

    /// Opens a key for reading and writing. On a primary a key that has expired is deleted by that.
    pub(crate) fn write(context: &'c Context, name: Str<'_>) -> Self {
        Self::open(context, name, raw::REDISMODULE_READ | raw::REDISMODULE_WRITE)
    }

    fn open(context: &'c Context, name: Str<'_>, mode: u32) -> Self {
        let mode = c_int::try_from(mode).unwrap_or(0);
        // SAFETY: context and name are valid. What is absent may be a null pointer, which the functions below
        // take for an empty key.
        let raw = unsafe { api!(RedisModule_OpenKey(context.as_ptr(), name.as_ptr(), mode)) };
        Self { raw: raw.cast(), context: PhantomData }
    }

    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: the key is open, or a null pointer.
        let kind = unsafe { api!(RedisModule_KeyType(self.raw)) };
        if kind == raw::REDISMODULE_KEYTYPE_EMPTY as c_int {
            Kind::Nothing
        } else if kind == raw::REDISMODULE_KEYTYPE_STRING as c_int {
            Kind::String
        } else if kind == raw::REDISMODULE_KEYTYPE_MODULE as c_int && self.stored().is_some() {
            Kind::Sale
        } else {
            Kind::Other
        }
    }

    /// Whether the key is a string of these very bytes.
    ///
    /// The first look at a short value makes the server keep it in another encoding: there is no other way to
    /// read a string without a copy. Nothing but OBJECT ENCODING and some bytes of memory shows that.
    pub(crate) fn is_string(&self, bytes: &[u8]) -> bool {
        let mut len = 0;
        // SAFETY: the key is open; the bytes are looked at before anything else happens to it. For what is no
        // string the pointer is null.
        unsafe {
            let mode = raw::REDISMODULE_READ as c_int;
            let value = api!(RedisModule_StringDMA(self.raw, &raw mut len, mode));
            !value.is_null() && slice::from_raw_parts(value.cast::<u8>(), len) == bytes
        }
    }

    /// Makes the key a string that expires at an instant (unix ms).
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

    pub(crate) fn delete(&mut self) {
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_DeleteKey(self.raw)) };
    }

    fn value(&self) -> *mut Stored {
        // SAFETY: the key is open, or a null pointer. Only of a value of our type the pointer is ours.
        unsafe {
            if api!(RedisModule_ModuleTypeGetType(self.raw)) == sale_type::get() {
                api!(RedisModule_ModuleTypeGetValue(self.raw)).cast()
            } else {
                std::ptr::null_mut()
            }
        }
    }

    /// The sale that the key holds.
    pub(crate) fn stored(&self) -> Option<&Stored> {
        // SAFETY: the value is ours, and only commands change it, one at a time.
        unsafe { self.value().as_ref() }
    }

    /// The sale that the key holds, to change it.
    pub(crate) fn stored_mut(&mut self) -> Option<&mut Stored> {
        // SAFETY: as in `stored`.
        unsafe { self.value().as_mut() }
    }

    /// Puts a sale into an empty key.
    pub(crate) fn put(&mut self, stored: Stored) {
        let value = Box::into_raw(Box::new(stored)).cast::<c_void>();
        // SAFETY: the key is open for writing, and the type is the value's. The server owns the value now.
        unsafe { api!(RedisModule_ModuleTypeSetValue(self.raw, sale_type::get(), value)) };
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        // SAFETY: the key was opened by us, and is closed once.
        unsafe { api!(RedisModule_CloseKey(self.raw)) };
    }
}
