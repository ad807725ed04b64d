//! Replies.

use std::ffi::c_long;

use redis_module::raw;

use super::context::{Context, c_string};

/// The longest simple string that is replied.
const WORD: usize = 32;

// SAFETY of all calls below: the context is valid, and the server copies what the pointers point to.
impl Context {
    /// A simple string. It must have less than 32 bytes and no NUL.
    pub(crate) fn reply_word(&self, word: &'static str) {
        let mut buffer = [0_u8; WORD];
        for (to, from) in buffer[..WORD - 1].iter_mut().zip(word.bytes()) {
            *to = from;
        }
        // SAFETY: see above; the buffer ends in a NUL.
        unsafe { api!(RedisModule_ReplyWithSimpleString(self.as_ptr(), buffer.as_ptr().cast())) };
    }

    pub(crate) fn reply_integer(&self, value: u64) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithLongLong(self.as_ptr(), value)) };
    }

    pub(crate) fn reply_signed(&self, value: i64) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithLongLong(self.as_ptr(), value)) };
    }

    pub(crate) fn reply_bytes(&self, bytes: &[u8]) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithStringBuffer(self.as_ptr(), bytes.as_ptr().cast(), bytes.len())) };
    }

    pub(crate) fn reply_null(&self) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithNull(self.as_ptr())) };
    }

    /// The text must begin with a code.
    pub(crate) fn reply_error(&self, text: &str) {
        let text = c_string(text);
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithError(self.as_ptr(), text.as_ptr())) };
    }

    /// The server's own error.
    pub(crate) fn reply_wrong_arity(&self) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_WrongArity(self.as_ptr())) };
    }

    /// Begins a map of so many fields; each is a name and a value.
    pub(crate) fn reply_map(&self, fields: usize) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithMap(self.as_ptr(), c_long::try_from(fields).unwrap_or(0))) };
    }

    /// Begins an array whose length [`Context::reply_array_length`] tells in the end.
    pub(crate) fn reply_array(&self) {
        let length = c_long::from(raw::REDISMODULE_POSTPONED_LEN);
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithArray(self.as_ptr(), length)) };
    }

    pub(crate) fn reply_array_length(&self, length: usize) {
        // SAFETY: see above; a postponed array was begun.
        unsafe {
            api!(RedisModule_ReplySetArrayLength(self.as_ptr(), c_long::try_from(length).unwrap_or(0)));
        };
    }
}
