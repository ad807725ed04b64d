//! A data type of the module: how the server saves, loads, copies, moves and frees its values.

use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use redis_module::raw;

use super::api::guarded;
use super::args::Str;
use super::context::{Context, OK, c_string};
use super::defrag::Defrag;
use super::rdb::RdbReader;

/// The server's handle of the data type whose values are `T`, and nothing else.
pub(crate) struct TypeHandle<T> {
    raw: AtomicPtr<raw::RedisModuleType>,
    values: PhantomData<fn() -> T>,
}

impl<T> TypeHandle<T> {
    /// The handle of a type that is not registered yet.
    pub(crate) const fn new() -> Self {
        Self { raw: AtomicPtr::new(std::ptr::null_mut()), values: PhantomData }
    }

    pub(super) fn get(&self) -> *mut raw::RedisModuleType {
        self.raw.load(Relaxed)
    }
}

/// A value that a key can hold.
pub(crate) trait DataType: Sized + 'static {
    /// What TYPE shows. The server wants nine characters.
    const NAME: &'static CStr;
    /// The version of the strings that [`Self::save`] writes.
    const ENCODING: c_int;
    /// What the log says before the reason when a value cannot be loaded.
    const LOAD_ERROR: &'static str;
    /// Why a value cannot be loaded.
    type LoadError: fmt::Display;

    /// The handle of the type: a static.
    fn handle() -> &'static TypeHandle<Self>;

    /// Writes the value as a series of strings.
    fn save(&self, write: impl FnMut(&[u8]));

    /// Reads the value that [`Self::save`] wrote with some encoding version.
    fn load(rdb: &mut RdbReader, encoding: c_int) -> Result<Self, Self::LoadError>;

    /// An independent copy.
    fn copy(&self) -> Self;

    /// The value was loaded or copied, and is about to be put into this key.
    fn placed_at(&mut self, key: Str<'_>, db: i32);

    /// The value is about to be removed from this key.
    fn removed_from(key: Str<'_>);

    /// Writes commands that make the value: the name of each and its argument after the key.
    fn rewrite(&self, write: impl FnMut(&CStr, &[u8]));

    /// Memory, in bytes.
    fn memory(&self) -> usize;

    /// How much work it is to free the value. Above 64 the server does it on another thread.
    fn free_effort(&self) -> usize;

    /// Moves its memory; `true` when there is more to move.
    fn relocate(&mut self, defrag: &mut Defrag) -> bool;

    /// What an RDB file holds besides the values; 0 for nothing.
    fn aux() -> u64;

    /// Takes what [`Self::aux`] was, if the file holds it.
    fn load_aux(value: u64);
}

/// Registers a type; `false` when the server refuses.
pub(crate) fn register<T: DataType>(context: &Context) -> bool {
    let mut methods = raw::RedisModuleTypeMethods {
        version: u64::from(raw::REDISMODULE_TYPE_METHOD_VERSION),
        rdb_load: Some(rdb_load::<T>),
        rdb_save: Some(rdb_save::<T>),
        aof_rewrite: Some(aof_rewrite::<T>),
        mem_usage: Some(mem_usage::<T>),
        digest: Some(digest::<T>),
        free: Some(free::<T>),
        aux_load: Some(aux_load::<T>),
        aux_save: Some(aux_save::<T>),
        aux_save_triggers: raw::REDISMODULE_AUX_BEFORE_RDB as c_int,
        free_effort: Some(free_effort::<T>),
        unlink: Some(unlink::<T>),
        copy: None,
        defrag: Some(defrag::<T>),
        mem_usage2: None,
        free_effort2: None,
        unlink2: None,
        copy2: Some(copy::<T>),
        // Servers that know this one call it instead of `aux_save`; older ones do not read it.
        aux_save2: Some(aux_save_if_any::<T>),
    };
    let (name, encoding) = (T::NAME.as_ptr(), T::ENCODING);
    // SAFETY: the context is valid; the server copies the methods.
    let handle =
        unsafe { api!(RedisModule_CreateDataType(context.as_ptr(), name, encoding, &raw mut methods)) };
    T::handle().raw.store(handle, Relaxed);
    !handle.is_null()
}

/// The value that the server hands back.
///
/// # Safety
/// It must be one that [`super::key::Key::put`] or [`into_value`] made of the same type.
unsafe fn value_of<'a, T: DataType>(value: *const c_void) -> Option<&'a T> {
    // SAFETY: as the caller promises.
    unsafe { value.cast::<T>().as_ref() }
}

/// Boxes a value for the server. When key and database are known, [`DataType::placed_at`] is called first.
///
/// # Safety
/// `key` must be a null pointer or a string that lives as long as the present call.
unsafe fn into_value<T: DataType>(mut value: T, key: *const raw::RedisModuleString, db: i32) -> *mut c_void {
    // SAFETY: as the caller promises.
    if let Some(key) = unsafe { Str::new(key.cast_mut()) }.filter(|_| db >= 0) {
        value.placed_at(key, db);
    }
    Box::into_raw(Box::new(value)).cast()
}

unsafe extern "C" fn rdb_save<T: DataType>(rdb: *mut raw::RedisModuleIO, value: *mut c_void) {
    guarded(|| {
        // SAFETY: the server passed one of our values.
        if let Some(value) = unsafe { value_of::<T>(value) } {
            value.save(|bytes| {
                // SAFETY: the server passed the stream, and copies the bytes.
                unsafe { api!(RedisModule_SaveStringBuffer(rdb, bytes.as_ptr().cast(), bytes.len())) };
            });
        }
    });
}

unsafe extern "C" fn rdb_load<T: DataType>(rdb: *mut raw::RedisModuleIO, encoding: c_int) -> *mut c_void {
    let load = || {
        // SAFETY: the server passed the stream.
        let mut reader = unsafe { RdbReader::new(rdb) };
        let value = T::load(&mut reader, encoding).map_err(|error| error.to_string())?;
        // SAFETY: the server passed the stream; the name lives as long as the call.
        Ok(unsafe {
            let key = api!(RedisModule_GetKeyNameFromIO(rdb));
            into_value(value, key, api!(RedisModule_GetDbIdFromIO(rdb)))
        })
    };
    let loaded = guarded(load).unwrap_or_else(|| Err("an error of the module".to_owned()));
    loaded.unwrap_or_else(|why| {
        let text = c_string(&format!("{}: {why}", T::LOAD_ERROR));
        // SAFETY: the server passed the stream, and the format takes one C string.
        unsafe { api!(RedisModule_LogIOError(rdb, c"warning".as_ptr(), c"%s".as_ptr(), text.as_ptr())) };
        std::ptr::null_mut()
    })
}

unsafe extern "C" fn aof_rewrite<T: DataType>(
    aof: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    guarded(|| {
        // SAFETY: the server passed one of our values.
        if let Some(value) = unsafe { value_of::<T>(value) } {
            value.rewrite(|command, bytes| {
                let (data, len) = (bytes.as_ptr(), bytes.len());
                // SAFETY: the server passed stream and key, and copies the bytes.
                unsafe {
                    api!(RedisModule_EmitAOF(aof, command.as_ptr(), c"sb".as_ptr(), key, data, len));
                }
            });
        }
    });
}

unsafe extern "C" fn mem_usage<T: DataType>(value: *const c_void) -> usize {
    // SAFETY: the server passed one of our values.
    guarded(|| unsafe { value_of::<T>(value) }.map_or(0, T::memory)).unwrap_or(0)
}

unsafe extern "C" fn free_effort<T: DataType>(_: *mut raw::RedisModuleString, value: *const c_void) -> usize {
    // SAFETY: the server passed one of our values.
    guarded(|| unsafe { value_of::<T>(value) }.map_or(1, T::free_effort)).unwrap_or(1)
}

unsafe extern "C" fn unlink<T: DataType>(key: *mut raw::RedisModuleString, _: *const c_void) {
    guarded(|| {
        // SAFETY: the server passed the key, which lives as long as the call.
        if let Some(key) = unsafe { Str::new(key) } {
            T::removed_from(key);
        }
    });
}

unsafe extern "C" fn digest<T: DataType>(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    guarded(|| {
        // SAFETY: the server passed one of our values.
        if let Some(value) = unsafe { value_of::<T>(value) } {
            value.save(|bytes| {
                // SAFETY: the server passed the digest, and reads the bytes at once.
                unsafe {
                    api!(RedisModule_DigestAddStringBuffer(digest, bytes.as_ptr().cast(), bytes.len()));
                }
            });
            // SAFETY: the server passed the digest.
            unsafe { api!(RedisModule_DigestEndSequence(digest)) };
        }
    });
}

unsafe extern "C" fn copy<T: DataType>(
    to: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> *mut c_void {
    let copied = guarded(|| {
        // SAFETY: the server passed one of our values.
        let copy = unsafe { value_of::<T>(value) }?.copy();
        // SAFETY: the server passed the context; the name lives as long as the call.
        Some(unsafe {
            let key = api!(RedisModule_GetToKeyNameFromOptCtx(to));
            into_value(copy, key, api!(RedisModule_GetToDbIdFromOptCtx(to)))
        })
    });
    copied.flatten().unwrap_or(std::ptr::null_mut())
}

/// Runs on any thread, so dropping a value may touch only the value and what a lock protects.
unsafe extern "C" fn free<T: DataType>(value: *mut c_void) {
    guarded(|| {
        // SAFETY: the server passed one of our values, and forgets it.
        drop(unsafe { Box::from_raw(value.cast::<T>()) });
    });
}

/// Moves a value; 1 when there is more to do. A value whose free effort is large is visited several times.
unsafe extern "C" fn defrag<T: DataType>(
    context: *mut raw::RedisModuleDefragCtx,
    _: *mut raw::RedisModuleString,
    value: *mut *mut c_void,
) -> c_int {
    let more = guarded(|| {
        // SAFETY: the server passed the context.
        let mut defrag = unsafe { Defrag::new(context) };
        // SAFETY: the server passed the place of its pointer to one of our values, each of which is a whole
        // allocation, and takes the new pointer from there.
        let value = unsafe {
            *value = defrag.relocate_allocation(*value);
            (*value).cast::<T>().as_mut()
        };
        value.is_some_and(|value| value.relocate(&mut defrag))
    });
    c_int::from(more == Some(true))
}

unsafe extern "C" fn aux_save<T: DataType>(rdb: *mut raw::RedisModuleIO, _: c_int) {
    // SAFETY: the server passed the stream.
    guarded(|| unsafe { api!(RedisModule_SaveUnsigned(rdb, T::aux())) });
}

/// When this writes nothing, the file does not name the module, and a server without it can load the file.
unsafe extern "C" fn aux_save_if_any<T: DataType>(rdb: *mut raw::RedisModuleIO, when: c_int) {
    if guarded(T::aux).is_some_and(|aux| aux != 0) {
        // SAFETY: the server passed the stream.
        unsafe { aux_save::<T>(rdb, when) };
    }
}

unsafe extern "C" fn aux_load<T: DataType>(rdb: *mut raw::RedisModuleIO, _: c_int, _: c_int) -> c_int {
    let loaded = guarded(|| {
        // SAFETY: the server passed the stream.
        unsafe { RdbReader::new(rdb) }.unsigned().map(T::load_aux)
    });
    if matches!(loaded, Some(Ok(()))) { OK } else { raw::REDISMODULE_ERR as c_int }
}
