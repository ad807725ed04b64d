//! RDB streams.

use redis_module::raw;

/// A stream that ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutShort;

/// An RDB stream to read from.
pub(crate) struct RdbReader {
    rdb: *mut raw::RedisModuleIO,
}

impl RdbReader {
    /// # Safety
    /// The stream must be one that the server passed to the present call, to read from.
    pub(super) unsafe fn new(rdb: *mut raw::RedisModuleIO) -> Self {
        Self { rdb }
    }

    /// The next string.
    pub(crate) fn string(&mut self) -> Result<RdbString, CutShort> {
        let mut len = 0;
        // SAFETY: the server passed the stream.
        let bytes = unsafe { api!(RedisModule_LoadStringBuffer(self.rdb, &raw mut len)) }.cast::<u8>();
        let string = RdbString { bytes, len };
        if self.failed() || bytes.is_null() { Err(CutShort) } else { Ok(string) }
    }

    /// The next integer.
    pub(crate) fn unsigned(&mut self) -> Result<u64, CutShort> {
        // SAFETY: the server passed the stream.
        let value = unsafe { api!(RedisModule_LoadUnsigned(self.rdb)) };
        if self.failed() { Err(CutShort) } else { Ok(value) }
    }

    fn failed(&self) -> bool {
        // SAFETY: the server passed the stream.
        unsafe { api!(RedisModule_IsIOError(self.rdb)) != 0 }
    }
}

/// A string that was read from an RDB stream.
pub(crate) struct RdbString {
    bytes: *mut u8,
    len: usize,
}

impl RdbString {
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the server allocated and filled so many bytes, and they are ours until they are freed.
        unsafe { std::slice::from_raw_parts(self.bytes, self.len) }
    }
}

impl Drop for RdbString {
    fn drop(&mut self) {
        // SAFETY: the bytes were allocated for us; a null pointer is allowed.
        unsafe { api!(RedisModule_Free(self.bytes.cast())) };
    }
}
