//! Replies.

use std::ffi::c_long;

use redis_module::raw;

use std::ffi::CStr;

use super::context::{Context, c_string};

/// A field of a reply that is a map.
pub(crate) struct Field<'a>(pub(crate) &'static str, pub(crate) Value<'a>);

/// A value of a reply.
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    /// A simple string.
    Word(&'static CStr),
    /// A bulk string.
    Bytes(&'a [u8]),
    Array(&'a [Value<'a>]),
    Map(&'a [Field<'a>]),
}

impl From<u64> for Value<'_> {
    /// Saturates at `i64::MAX`.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

// SAFETY of all calls below: the context is valid, and the server copies what the pointers point to.
impl Context {
    pub(crate) fn reply_ok(&self) {
        self.reply_word(c"OK");
    }

    /// A simple string.
    pub(crate) fn reply_word(&self, word: &CStr) {
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithSimpleString(self.as_ptr(), word.as_ptr())) };
    }

    pub(crate) fn reply_integer(&self, value: i64) {
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

    /// A map of fields, which are given in runs.
    pub(crate) fn reply_map(&self, runs: &[&[Field<'_>]]) {
        let fields: usize = runs.iter().map(|run| run.len()).sum();
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithMap(self.as_ptr(), length(fields))) };
        for Field(name, value) in runs.iter().copied().flatten() {
            self.reply_bytes(name.as_bytes());
            self.reply_value(value);
        }
    }

    fn reply_value(&self, value: &Value<'_>) {
        match value {
            Value::Null => self.reply_null(),
            Value::Integer(integer) => self.reply_integer(*integer),
            Value::Word(word) => self.reply_word(word),
            Value::Bytes(bytes) => self.reply_bytes(bytes),
            Value::Map(fields) => self.reply_map(&[fields]),
            Value::Array(values) => {
                // SAFETY: see above.
                unsafe { api!(RedisModule_ReplyWithArray(self.as_ptr(), length(values.len()))) };
                values.iter().for_each(|value| self.reply_value(value));
            }
        }
    }

    /// An array of what `reply` replies for each item.
    pub(crate) fn reply_array<T>(&self, items: impl Iterator<Item = T>, mut reply: impl FnMut(T)) {
        let postponed = c_long::from(raw::REDISMODULE_POSTPONED_LEN);
        // SAFETY: see above.
        unsafe { api!(RedisModule_ReplyWithArray(self.as_ptr(), postponed)) };
        let mut count = 0;
        for item in items {
            reply(item);
            count += 1;
        }
        // SAFETY: see above; a postponed array was begun.
        unsafe { api!(RedisModule_ReplySetArrayLength(self.as_ptr(), length(count))) };
    }
}

fn length(count: usize) -> c_long {
    c_long::try_from(count).unwrap_or(c_long::MAX)
}
