//! The data type of sales: how the server saves, loads, copies and frees them.

use std::cmp::Ordering;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use redis_module::raw;
use seckill_core::snapshot::{Loading, PART};
use seckill_core::{Sale, Unfit};

use super::api::guarded;
use super::args::Str;
use super::context::{Context, OK, c_string};
use super::defrag::defrag;
use super::key::Stored;
use crate::{schedule, state, table};

/// The name that TYPE tells. The server wants nine characters.
const NAME: &std::ffi::CStr = c"flashsale";
/// The version of the frame around a snapshot; the snapshot has a version of its own.
const ENCODING: c_int = 1;

static TYPE: AtomicPtr<raw::RedisModuleType> = AtomicPtr::new(std::ptr::null_mut());

/// The type, once it is registered.
pub(crate) fn get() -> *mut raw::RedisModuleType {
    TYPE.load(Relaxed)
}

/// Registers the type; `false` when the server refuses.
pub(crate) fn register(context: &Context) -> bool {
    let mut methods = raw::RedisModuleTypeMethods {
        version: u64::from(raw::REDISMODULE_TYPE_METHOD_VERSION),
        rdb_load: Some(rdb_load),
        rdb_save: Some(rdb_save),
        aof_rewrite: Some(aof_rewrite),
        mem_usage: Some(mem_usage),
        digest: Some(digest),
        free: Some(free),
        aux_load: Some(aux_load),
        aux_save: Some(aux_save),
        aux_save_triggers: raw::REDISMODULE_AUX_BEFORE_RDB as c_int,
        free_effort: Some(free_effort),
        unlink: None,
        copy: None,
        defrag: Some(defrag),
        mem_usage2: None,
        free_effort2: None,
        unlink2: None,
        copy2: Some(copy),
        aux_save2: None,
    };
    // SAFETY: the context is valid; the server copies the methods.
    let kind = unsafe {
        api!(RedisModule_CreateDataType(context.as_ptr(), NAME.as_ptr(), ENCODING, &raw mut methods))
    };
    TYPE.store(kind, Relaxed);
    !kind.is_null()
}

/// The value that the server hands back.
///
/// # Safety
/// It must be one that [`super::key::Key::put`], `rdb_load` or `copy` made.
unsafe fn stored<'a>(value: *const c_void) -> Option<&'a Stored> {
    // SAFETY: as the caller promises.
    unsafe { value.cast::<Stored>().as_ref() }
}

/// A value for the server. Its deadlines are noted, where the server tells for which key.
fn into_value(sale: Sale, key: Option<Str<'_>>, db: i32) -> *mut c_void {
    let mut stored = Stored::new(sale);
    if let Some(key) = key.filter(|_| db >= 0) {
        schedule::note(db, key.bytes(), &mut stored);
        if let Some(context) = Context::detached() {
            schedule::arm(&context);
        }
    }
    Box::into_raw(Box::new(stored)).cast()
}

/// Passes the parts of a snapshot, but for its head, to `take`.
fn parts(sale: &Sale, mut take: impl FnMut(&[u8])) {
    let mut part = Vec::with_capacity(PART.min(sale.memory()));
    let mut after = 0;
    while let Some(last) = sale.snapshot_part(after, &mut part) {
        take(&part);
        after = last;
    }
}

extern "C" fn rdb_save(rdb: *mut raw::RedisModuleIO, value: *mut c_void) {
    guarded(|| {
        let save = |bytes: &[u8]| {
            // SAFETY: the server passed the stream, and copies the bytes.
            unsafe { api!(RedisModule_SaveStringBuffer(rdb, bytes.as_ptr().cast(), bytes.len())) };
        };
        // SAFETY: the server passed one of our values.
        if let Some(stored) = unsafe { stored(value) } {
            save(&stored.sale.snapshot_head());
            parts(&stored.sale, save);
        }
    });
}

extern "C" fn rdb_load(rdb: *mut raw::RedisModuleIO, encoding: c_int) -> *mut c_void {
    let sale = guarded(|| load(rdb, encoding)).unwrap_or(Err(Unfit("an error of the module")));
    match sale {
        Ok(sale) => {
            state::observe_term(sale.term());
            // SAFETY: the server passed the stream; the name lives as long as the call.
            let (key, db) = unsafe {
                let key = Str::new(api!(RedisModule_GetKeyNameFromIO(rdb)).cast_mut());
                (key, api!(RedisModule_GetDbIdFromIO(rdb)))
            };
            into_value(sale, key, db)
        }
        Err(Unfit(why)) => {
            let text = c_string(&format!("a sale cannot be loaded: {why}"));
            // SAFETY: the server passed the stream, and the format takes one C string.
            unsafe {
                api!(RedisModule_LogIOError(rdb, c"warning".as_ptr(), c"%s".as_ptr(), text.as_ptr()));
            }
            std::ptr::null_mut()
        }
    }
}

fn load(rdb: *mut raw::RedisModuleIO, encoding: c_int) -> Result<Sale, Unfit> {
    match encoding.cmp(&ENCODING) {
        Ordering::Greater => return Err(Unfit::NEWER),
        Ordering::Less => return Err(Unfit("no version of the module wrote it")),
        Ordering::Equal => {}
    }
    let mut loading = Loading::new(Loaded::next(rdb)?.bytes(), Context::seed())?;
    while loading.wants_more() {
        loading.part(Loaded::next(rdb)?.bytes())?;
    }
    loading.finish()
}

/// Bytes that were read from an RDB stream.
struct Loaded {
    bytes: *mut u8,
    len: usize,
}

impl Loaded {
    fn next(rdb: *mut raw::RedisModuleIO) -> Result<Self, Unfit> {
        let mut len = 0;
        // SAFETY: the server passed the stream.
        let bytes = unsafe { api!(RedisModule_LoadStringBuffer(rdb, &raw mut len)) }.cast::<u8>();
        let loaded = Self { bytes, len };
        // SAFETY: as above.
        let failed = unsafe { api!(RedisModule_IsIOError(rdb)) != 0 };
        if failed || bytes.is_null() { Err(Unfit("it is cut short")) } else { Ok(loaded) }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the server allocated and filled so many bytes, and they are ours until they are freed.
        unsafe { std::slice::from_raw_parts(self.bytes, self.len) }
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: the bytes were allocated for us; a null pointer is allowed.
        unsafe { api!(RedisModule_Free(self.bytes.cast())) };
    }
}

extern "C" fn aof_rewrite(
    aof: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    guarded(|| {
        let emit = |batch: &[u8]| {
            let (data, len) = (batch.as_ptr(), batch.len());
            // SAFETY: the server passed stream and key, and copies the bytes.
            unsafe {
                api!(RedisModule_EmitAOF(aof, table::APPLY.as_ptr(), c"sb".as_ptr(), key, data, len));
            };
        };
        // SAFETY: the server passed one of our values.
        if let Some(stored) = unsafe { stored(value) } {
            parts(&stored.sale, emit);
            if stored.sale.diverged() {
                // No batch is empty: whoever reads this marks its copy as diverged, too.
                emit(&[]);
            }
        }
    });
}

extern "C" fn mem_usage(value: *const c_void) -> usize {
    // SAFETY: the server passed one of our values.
    guarded(|| unsafe { stored(value) }.map_or(0, Stored::memory)).unwrap_or(0)
}

/// Events that are freed about as fast as one element of a server's own type.
const EVENTS_AN_EFFORT: u64 = 32;

/// How much work it is to free a sale: above 64 the server does it on another thread.
extern "C" fn free_effort(_: *mut raw::RedisModuleString, value: *const c_void) -> usize {
    // SAFETY: the server passed one of our values.
    let events = guarded(|| unsafe { stored(value) }.map_or(0, |stored| stored.sale.seq()));
    usize::try_from(events.unwrap_or(0) / EVENTS_AN_EFFORT).unwrap_or(usize::MAX).max(1)
}

extern "C" fn digest(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    guarded(|| {
        let add = |bytes: &[u8]| {
            // SAFETY: the server passed the digest, and reads the bytes at once.
            unsafe { api!(RedisModule_DigestAddStringBuffer(digest, bytes.as_ptr().cast(), bytes.len())) };
        };
        // SAFETY: the server passed one of our values.
        if let Some(stored) = unsafe { stored(value) } {
            add(&stored.sale.snapshot_head());
            parts(&stored.sale, add);
            // SAFETY: the server passed the digest.
            unsafe { api!(RedisModule_DigestEndSequence(digest)) };
        }
    });
}

extern "C" fn copy(to: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) -> *mut c_void {
    let copied = guarded(|| {
        // SAFETY: the server passed one of our values.
        let sale = unsafe { stored(value) }?.sale.copy();
        // SAFETY: the server passed the context; the name lives as long as the call.
        let (key, db) = unsafe {
            let key = Str::new(api!(RedisModule_GetToKeyNameFromOptCtx(to)).cast_mut());
            (key, api!(RedisModule_GetToDbIdFromOptCtx(to)))
        };
        Some(into_value(sale, key, db))
    });
    copied.flatten().unwrap_or(std::ptr::null_mut())
}

/// Runs on any thread: it touches nothing but the value, and its note in the schedule.
extern "C" fn free(value: *mut c_void) {
    guarded(|| {
        // SAFETY: the server passed one of our values, and forgets it.
        drop(unsafe { Box::from_raw(value.cast::<Stored>()) });
    });
}

/// An RDB file holds the last fence, too: fences rise on across a restart, though the clock was set back.
extern "C" fn aux_save(rdb: *mut raw::RedisModuleIO, _: c_int) {
    // SAFETY: the server passed the stream.
    guarded(|| unsafe { api!(RedisModule_SaveUnsigned(rdb, state::last_fence())) });
}

extern "C" fn aux_load(rdb: *mut raw::RedisModuleIO, _: c_int, _: c_int) -> c_int {
    let failed = guarded(|| {
        // SAFETY: the server passed the stream.
        let (fence, failed) =
            unsafe { (api!(RedisModule_LoadUnsigned(rdb)), api!(RedisModule_IsIOError(rdb)) != 0) };
        if !failed {
            state::observe_fence(fence);
        }
        failed
    });
    if failed == Some(false) { OK } else { raw::REDISMODULE_ERR as c_int }
}
