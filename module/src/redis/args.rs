//! The arguments of a call.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use redis_module::raw;

/// The most arguments that a command is given to read, its name included.
pub(crate) const MAX_ARGS: usize = 137;
/// The arguments that are read without allocating: those of nearly all calls.
const INLINE: usize = 12;

/// A borrowed string of the server.
#[derive(Clone, Copy)]
pub(crate) struct Str<'a> {
    raw: NonNull<raw::RedisModuleString>,
    lives: PhantomData<&'a ()>,
}

impl<'a> Str<'a> {
    /// # Safety
    /// The string must live, unchanged, for `'a`.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleString) -> Option<Self> {
        Some(Self { raw: NonNull::new(raw)?, lives: PhantomData })
    }

    pub(crate) fn as_ptr(self) -> *mut raw::RedisModuleString {
        self.raw.as_ptr()
    }

    pub(crate) fn bytes(self) -> &'a [u8] {
        let mut len = 0;
        // SAFETY: the string lives for `'a`, and so do its bytes.
        unsafe {
            let bytes = api!(RedisModule_StringPtrLen(self.as_ptr(), &raw mut len));
            slice::from_raw_parts(bytes.cast::<u8>(), len)
        }
    }
}

/// The arguments of a command, its name first, as bytes and as strings of the server.
pub(crate) struct Args<'a> {
    strings: &'a [*mut raw::RedisModuleString],
    inline: [&'a [u8]; INLINE],
    /// All of them when there are more than [`INLINE`], else none.
    many: Vec<&'a [u8]>,
}

impl<'a> Args<'a> {
    /// `None` when there are more than [`MAX_ARGS`].
    ///
    /// # Safety
    /// `argv` must point to `argc` strings that live for `'a`.
    #[inline]
    pub(crate) unsafe fn new(argv: *mut *mut raw::RedisModuleString, argc: c_int) -> Option<Self> {
        let count = usize::try_from(argc).ok().filter(|count| *count <= MAX_ARGS)?;
        // SAFETY: as the caller promises.
        let strings = unsafe { slice::from_raw_parts(argv, count) };
        let mut args = Self { strings, inline: [&[]; INLINE], many: Vec::new() };
        let bytes = if count <= INLINE {
            &mut args.inline[..]
        } else {
            args.many = vec![&[]; count];
            &mut args.many
        };
        for (bytes, string) in bytes.iter_mut().zip(strings) {
            // SAFETY: as the caller promises.
            *bytes = unsafe { Str::new(*string) }?.bytes();
        }
        Some(args)
    }

    pub(crate) fn bytes(&self) -> &[&'a [u8]] {
        if self.many.is_empty() {
            self.inline.get(..self.strings.len()).unwrap_or_default()
        } else {
            &self.many
        }
    }

    /// The string of the server whose bytes an argument is.
    pub(crate) fn string_of(&self, argument: &[u8]) -> Option<Str<'a>> {
        let place = self.bytes().iter().position(|bytes| std::ptr::eq(*bytes, argument))?;
        // SAFETY: the strings live for `'a`, as `new` was promised.
        unsafe { Str::new(*self.strings.get(place)?) }
    }
}

/// Holds at most one string of the server, to recognize it.
pub(crate) struct HeldString(AtomicPtr<raw::RedisModuleString>);

impl HeldString {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// Holds this string, and no longer the one before.
    pub(crate) fn hold(&self, string: Str<'_>) {
        // SAFETY: the string is valid; without a context it is ours to free.
        let held = unsafe { api!(RedisModule_HoldString(std::ptr::null_mut(), string.as_ptr())) };
        self.replace(held);
    }

    /// Whether this string is the very one that is held. None is held afterwards.
    pub(crate) fn release(&self, string: Str<'_>) -> bool {
        // While a string is held, no other one can be at its address.
        string.as_ptr() == self.replace(std::ptr::null_mut())
    }

    fn replace(&self, held: *mut raw::RedisModuleString) -> *mut raw::RedisModuleString {
        let before = self.0.swap(held, Relaxed);
        if !before.is_null() {
            // SAFETY: the string was held by us, and is freed once.
            unsafe { api!(RedisModule_FreeString(std::ptr::null_mut(), before)) };
        }
        before
    }
}

/// A string of the server that the module owns.
pub(crate) struct Owned {
    raw: NonNull<raw::RedisModuleString>,
}

impl Owned {
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        // SAFETY: without a context the string is not tied to any; the server copies the bytes.
        let raw = unsafe {
            api!(RedisModule_CreateString(std::ptr::null_mut(), bytes.as_ptr().cast(), bytes.len()))
        };
        NonNull::new(raw).map(|raw| Self { raw })
    }

    pub(crate) fn borrow(&self) -> Str<'_> {
        Str { raw: self.raw, lives: PhantomData }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the string is ours, and freed once.
        unsafe { api!(RedisModule_FreeString(std::ptr::null_mut(), self.raw.as_ptr())) };
    }
}
