//! The context of a call: who calls, and in which state the server is.

use std::ffi::{CStr, CString, c_int};
use std::io::{self, ErrorKind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use redis_module::raw;

use super::args::Str;

/// The context that the server hands to every call.
pub(crate) struct Context {
    raw: NonNull<raw::RedisModuleCtx>,
}

/// The context flags of the server.
#[derive(Clone, Copy)]
pub(crate) struct Flags(u32);

impl Flags {
    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Whether this server is a primary.
    pub(crate) fn is_primary(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_MASTER)
    }

    /// Whether the command was sent by the primary of this server, or with an imported slot.
    pub(crate) fn is_replicated(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_REPLICATED)
    }

    fn is_loading(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_LOADING)
    }

    /// Whether the server loads its data: a file, or what a full resync sends, also beside the old data.
    pub(crate) fn is_loading_data(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_LOADING | raw::REDISMODULE_CTX_FLAGS_ASYNC_LOADING)
    }

    /// Whether the memory that the server may use is used up.
    pub(crate) fn is_out_of_memory(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_OOM)
    }

    /// Whether the call is one step of MULTI or of a script.
    pub(crate) fn is_nested(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_MULTI | raw::REDISMODULE_CTX_FLAGS_LUA)
    }

    fn may_block(self) -> bool {
        !self.is_nested() && !self.has(raw::REDISMODULE_CTX_FLAGS_DENY_BLOCKING)
    }
}

static DETACHED: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(std::ptr::null_mut());

/// The client that replays the AOF.
const AOF_CLIENT: u64 = u64::MAX;

impl Context {
    /// `None` for a null pointer.
    ///
    /// # Safety
    /// The context must be one that the server passed to the present call.
    pub(crate) unsafe fn new(raw: *mut raw::RedisModuleCtx) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw })
    }

    /// Makes the context that [`Self::detached`] returns. Called once, when the module is loaded.
    pub(crate) fn keep_detached(&self) {
        // SAFETY: the context is valid.
        DETACHED.store(unsafe { api!(RedisModule_GetDetachedThreadSafeContext(self.as_ptr())) }, Relaxed);
    }

    /// Frees that context. Called when the module is not loaded after all.
    pub(super) fn free_detached() {
        let context = DETACHED.swap(std::ptr::null_mut(), Relaxed);
        if !context.is_null() {
            // SAFETY: it was made by `keep_detached`, and nothing else has it any more.
            unsafe { api!(RedisModule_FreeThreadSafeContext(context)) };
        }
    }

    /// A context for callbacks that get none. Only on the server's main thread.
    pub(crate) fn detached() -> Option<Self> {
        NonNull::new(DETACHED.load(Relaxed)).map(|raw| Self { raw })
    }

    pub(crate) fn as_ptr(&self) -> *mut raw::RedisModuleCtx {
        self.raw.as_ptr()
    }

    pub(crate) fn flags(&self) -> Flags {
        // SAFETY: the context is valid.
        let flags = unsafe { api!(RedisModule_GetContextFlags(self.as_ptr())) };
        Flags(flags.cast_unsigned())
    }

    /// Whether the caller can be blocked: it is no step of MULTI or of a script, and a client of the server. What
    /// another module calls by may be blocked, too, but it is no client that the server knows.
    pub(crate) fn may_block(&self) -> bool {
        // SAFETY: the context is valid; a null pointer asks only whether there is such a client.
        let is_client = || unsafe {
            let client = api!(RedisModule_GetClientId(self.as_ptr()));
            api!(RedisModule_GetClientInfoById(std::ptr::null_mut(), client)) == OK
        };
        self.flags().may_block() && is_client()
    }

    /// Whether the server ends the connection of a client, which it frees now, because all replies to it were sent: by
    /// QUIT, and after an error of the protocol. Where CLIENT was renamed it cannot be asked, and the answer is yes.
    pub(crate) fn ends_after_replies(&self, client: u64) -> bool {
        let context = redis_module::Context::new(self.raw.as_ptr().cast());
        let line = match context.call("CLIENT", &["LIST", "ID", &client.to_string()]) {
            Ok(redis_module::RedisValue::SimpleString(line) | redis_module::RedisValue::BulkString(line)) => {
                line
            }
            Ok(redis_module::RedisValue::StringBuffer(line)) => String::from_utf8_lossy(&line).into_owned(),
            Ok(redis_module::RedisValue::VerbatimString((_, line))) => {
                String::from_utf8_lossy(&line).into_owned()
            }
            _ => return true,
        };
        let flags = line.split(' ').find_map(|field| field.strip_prefix("flags="));
        // `c`: the connection is closed after the whole reply was written.
        flags.is_none_or(|flags| flags.contains('c'))
    }

    /// Whether the caller is the AOF being loaded.
    pub(crate) fn is_aof(&self, flags: Flags) -> bool {
        // SAFETY: the context is valid.
        flags.is_loading() && unsafe { api!(RedisModule_GetClientId(self.as_ptr())) } == AOF_CLIENT
    }

    /// Whether writes are paused: a write now would crash the server.
    pub(crate) fn writes_are_paused(&self) -> bool {
        // SAFETY: it takes nothing.
        unsafe { api!(RedisModule_AvoidReplicaTraffic()) != 0 }
    }

    pub(crate) fn db(&self) -> i32 {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_GetSelectedDb(self.as_ptr())) }
    }

    /// Selects a database; `false` when there is no such database.
    pub(crate) fn select_db(&self, db: i32) -> bool {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_SelectDb(self.as_ptr(), db)) == OK }
    }

    /// Random bytes, fit for secrets.
    pub(crate) fn random<const N: usize>() -> [u8; N] {
        let mut bytes = [0; N];
        // SAFETY: the buffer has as many bytes as are asked for.
        unsafe { api!(RedisModule_GetRandomBytes(bytes.as_mut_ptr(), bytes.len())) };
        bytes
    }

    /// Writes a line to the server's log.
    pub(crate) fn warn(&self, text: &str) {
        log(self.as_ptr(), text);
    }

    /// Whether this server may write a key: in a cluster the owner of its slot may, and not the server that
    /// imports it, and nobody while the cluster is down.
    ///
    /// `probe` names a command of the module that writes the key after its name, takes three more arguments,
    /// and refuses empty ones. The server refuses to call it for a key that it would redirect, and while the
    /// cluster is down. A command of the server would not do: `rename-command` can take it away. Nor would it
    /// do to ask whether the server may access the slot: Redis 8.6 says that of one which is still being
    /// imported key by key.
    pub(crate) fn owns(&self, key: Str<'_>, probe: &CStr) -> bool {
        if !self.flags().has(raw::REDISMODULE_CTX_FLAGS_CLUSTER) {
            return true;
        }
        let (probe, format, empty) = (probe.as_ptr(), c"sccc".as_ptr(), c"".as_ptr());
        // SAFETY: context, strings and key are valid; a reply is ours to free.
        let refused = unsafe {
            let reply =
                api!(RedisModule_Call(self.as_ptr(), probe, format, key.as_ptr(), empty, empty, empty));
            if reply.is_null() {
                Some(io::Error::last_os_error().kind())
            } else {
                api!(RedisModule_FreeCallReply(reply));
                None
            }
        };
        // The slot is another server's; the cluster is down; it is down and may be read.
        !matches!(
            refused,
            Some(ErrorKind::PermissionDenied | ErrorKind::NetworkDown | ErrorKind::ReadOnlyFilesystem)
        )
    }

    /// Sets the module options, see [`super::options`]. Each call replaces all of them.
    pub(crate) fn set_options(&self, options: c_int) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_SetModuleOptions(self.as_ptr(), options)) };
    }

    /// A field of a section of INFO. Unlike CONFIG, no `rename-command` takes it away.
    pub(crate) fn server_info(&self, section: &str, field: &str) -> Option<String> {
        let section = CString::new(section).ok()?;
        let field = CString::new(field).ok()?;
        // SAFETY: context and names are valid. The value lives until the information is freed; the crate's wrapper
        // leaks a string of the server.
        unsafe {
            let info = api!(RedisModule_GetServerInfo(self.as_ptr(), section.as_ptr()));
            let value = api!(RedisModule_ServerInfoGetFieldC(info, field.as_ptr()));
            let text = (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned());
            api!(RedisModule_FreeServerInfo(self.as_ptr(), info));
            text
        }
    }

    /// The version of the server, when it is Valkey.
    pub(crate) fn valkey_version(&self) -> Option<[u32; 3]> {
        let version = self.server_info("server", "valkey_version")?;
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        Some(std::array::from_fn(|_| parts.next().unwrap_or(0)))
    }

    /// Whether a child process rewrites the AOF.
    pub(crate) fn is_rewriting_aof(&self) -> bool {
        self.server_info("persistence", "aof_rewrite_in_progress").is_some_and(|value| value == "1")
    }

    /// The value of a config of the server; `None` also when CONFIG was renamed.
    pub(crate) fn server_config(&self, name: &str) -> Option<String> {
        let context = redis_module::Context::new(self.raw.as_ptr().cast());
        match context.call("CONFIG", &["GET", name]).ok()? {
            redis_module::RedisValue::Array(pair) => match pair.into_iter().nth(1)? {
                redis_module::RedisValue::SimpleString(value) => Some(value),
                redis_module::RedisValue::BulkString(value) => Some(value),
                redis_module::RedisValue::StringBuffer(value) => String::from_utf8(value).ok(),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Writes a line to the server's log; the context may be null.
pub(crate) fn log(context: *mut raw::RedisModuleCtx, text: &str) {
    let text = c_string(text);
    // SAFETY: the context is valid or null, and the format takes one C string.
    unsafe { api!(RedisModule_Log(context, c"warning".as_ptr(), c"%s".as_ptr(), text.as_ptr())) };
}

/// `REDISMODULE_OK`.
pub(crate) const OK: i32 = 0;

/// Text for the server. A NUL, which would end it, becomes a question mark.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "?")).unwrap_or_default()
}
