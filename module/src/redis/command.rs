//! Registering commands, and taking their calls.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{null, null_mut};

use redis_module::raw;

use super::api::guarded;
use super::args::{Args, Str};
use super::context::{Context, OK, c_string};

/// A command, as it is registered.
pub(crate) struct CommandSpec {
    pub(crate) name: &'static CStr,
    pub(crate) summary: &'static CStr,
    pub(crate) complexity: &'static CStr,
    /// The version of the module that brought it.
    pub(crate) since: &'static CStr,
    /// The number of arguments, the name included; negative: at least so many.
    pub(crate) arity: c_int,
    /// Flags, as the server names them. The ACL categories follow from them, except the next one.
    pub(crate) flags: &'static CStr,
    /// Whether it belongs to the ACL category `dangerous`.
    pub(crate) dangerous: bool,
    pub(crate) keys: &'static [KeySpec],
    pub(crate) arguments: &'static [Argument],
}

/// Which argument is a key, and what the command does to it.
pub(crate) struct KeySpec {
    pub(crate) access: KeyAccess,
    pub(crate) place: KeyPlace,
}

/// What a command does to a key.
#[derive(Clone, Copy)]
pub(crate) enum KeyAccess {
    /// Reads its value.
    Read,
    /// Reads its value, and may change it.
    Update,
    /// Creates it.
    Insert,
    /// Reads its value, and may delete it.
    Delete,
    /// [`KeyAccess::Delete`] if a keyword is among the arguments from this one on, else [`KeyAccess::Read`].
    ReadOrDelete { keyword: &'static CStr, from: From },
}

impl KeyAccess {
    /// The flags of a key spec.
    fn flags(self) -> u32 {
        match self {
            Self::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
            Self::Update => {
                raw::REDISMODULE_CMD_KEY_RW
                    | raw::REDISMODULE_CMD_KEY_ACCESS
                    | raw::REDISMODULE_CMD_KEY_UPDATE
            }
            Self::Insert => raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_INSERT,
            Self::Delete => {
                raw::REDISMODULE_CMD_KEY_RW
                    | raw::REDISMODULE_CMD_KEY_ACCESS
                    | raw::REDISMODULE_CMD_KEY_DELETE
            }
            // The server asks the command itself, and the spec stands for the most that it may do.
            Self::ReadOrDelete { .. } => Self::Delete.flags() | raw::REDISMODULE_CMD_KEY_VARIABLE_FLAGS,
        }
    }

    /// What a call with these arguments does. A value that is spelt like the keyword counts as it.
    fn of_call(self, args: &[&[u8]]) -> Self {
        match self {
            Self::ReadOrDelete { keyword, from } => {
                if find(keyword, from, args).is_some() {
                    Self::Delete
                } else {
                    Self::Read
                }
            }
            access => access,
        }
    }
}

/// Where a key stands.
pub(crate) enum KeyPlace {
    /// The first argument after the name.
    First,
    /// The first argument after the name is the number of keys, which follow it.
    Counted,
    /// After a keyword, which is one of the arguments from this one on.
    After { keyword: &'static CStr, from: From },
}

/// The number of an argument.
#[derive(Clone, Copy)]
pub(crate) enum From {
    /// This one.
    Argument(u16),
    /// This one in a call with no keys, where [`KeyPlace::Counted`] keys come before it.
    AfterCounted(u16),
}

impl From {
    /// The number in a call with these arguments.
    fn of_call(self, args: &[&[u8]]) -> usize {
        match self {
            Self::Argument(from) => from.into(),
            Self::AfterCounted(from) => usize::from(from).saturating_add(counted(args)),
        }
    }

    /// The least number that it can be.
    fn least(self) -> u16 {
        match self {
            Self::Argument(from) => from,
            Self::AfterCounted(from) => from.saturating_add(1),
        }
    }
}

/// How many keys a call says that it has.
fn counted(args: &[&[u8]]) -> usize {
    let text = args.get(1).filter(|text| text.iter().all(u8::is_ascii_digit));
    text.and_then(|text| str::from_utf8(text).ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// An argument, for the documentation.
pub(crate) struct Argument {
    pub(crate) name: &'static CStr,
    pub(crate) kind: ArgumentKind,
    pub(crate) token: Option<&'static CStr>,
    pub(crate) optional: bool,
    /// Whether there may be several.
    pub(crate) multiple: bool,
}

/// The type of an argument.
pub(crate) enum ArgumentKind {
    /// The key of this number in the list of keys.
    Key(c_int),
    String,
    Integer,
    /// Unix time in ms.
    Instant,
    /// A keyword without a value.
    Token,
    /// A keyword with these values.
    Block(&'static [Argument]),
}

/// Takes the calls of the commands.
pub(crate) trait Commands {
    /// The keys of a command with the flag `getkeys-api`.
    fn dynamic_keys(name: &[u8]) -> &'static [KeySpec];

    /// Runs a call, and replies. `args` is `None` when there are more than any command has.
    fn run(context: &Context, args: Option<&Args<'_>>);
}

/// Adds an ACL category, where the server lets modules do so.
pub(crate) fn add_category(context: &Context, category: &CStr) {
    // SAFETY: the context is valid.
    unsafe {
        if let Some(add) = raw::RedisModule_AddACLCategory {
            add(context.as_ptr(), category.as_ptr());
        }
    }
}

/// Registers a command in an ACL category; `false` when the server refuses it.
pub(crate) fn register<C: Commands>(context: &Context, category: &CStr, spec: &CommandSpec) -> bool {
    let name = spec.name.as_ptr();
    // SAFETY: context and strings are valid; the server copies the strings.
    unsafe {
        let (flags, entry) = (spec.flags.as_ptr(), command_entry::<C>);
        // The first and the last key, and the step between keys.
        let key = c_int::from(!spec.keys.is_empty());
        if api!(RedisModule_CreateCommand(context.as_ptr(), name, Some(entry), flags, key, key, key)) != OK {
            return false;
        }
        let command = api!(RedisModule_GetCommand(context.as_ptr(), name));
        if !describe(command, spec) {
            return false;
        }
        if let Some(set) = raw::RedisModule_SetCommandACLCategories {
            let own = category.to_string_lossy();
            let standard = standard_categories(spec);
            // A server may know categories, and yet not let modules add one.
            if set(command, c_string(&format!("{standard} {own}")).as_ptr()) != OK {
                set(command, c_string(&standard).as_ptr());
            }
        }
    }
    true
}

/// The categories that the server derives from the flags. Setting categories replaces them, so they are
/// listed again.
fn standard_categories(spec: &CommandSpec) -> String {
    let flags = spec.flags.to_string_lossy();
    let has = |flag| flags.split(' ').any(|word| word == flag);
    let mut categories = vec![if has("write") { "write" } else { "read" }];
    categories.push(if has("fast") { "fast" } else { "slow" });
    if spec.dangerous {
        categories.push("dangerous");
    }
    categories.join(" ")
}

/// Every call of every command enters here.
unsafe extern "C" fn command_entry<C: Commands>(
    context: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server passed the context.
    if let Some(context) = unsafe { Context::new(context) } {
        let run = || {
            // SAFETY: the server passed the arguments, which live as long as the call.
            let args = unsafe { Args::new(argv, argc) };
            if is_keys_request(&context) {
                // SAFETY: the server passed the arguments, of which the first is the name.
                let name = unsafe { Str::new(*argv) }.map_or(&[][..], Str::bytes);
                reply_keys(&context, C::dynamic_keys(name), args.as_ref());
            } else {
                C::run(&context, args.as_ref());
            }
        };
        if guarded(run).is_none() {
            context.reply_error("ERR the module failed; its server's log says how");
        }
    }
    OK
}

/// Whether the call only asks where the keys are. Servers before Redis 8.6 use the key specs for ACL and
/// COMMAND GETKEYS, but in a cluster they route by the first key alone, unless the command itself reports its
/// keys.
fn is_keys_request(context: &Context) -> bool {
    // SAFETY: the context is valid.
    unsafe { api!(RedisModule_IsKeysPositionRequest(context.as_ptr())) != 0 }
}

fn reply_keys(context: &Context, keys: &[KeySpec], args: Option<&Args<'_>>) {
    let args = args.map_or(&[][..], Args::bytes);
    for key in keys {
        for place in key.place.find(args) {
            let flags = c_int::try_from(key.access.of_call(args).flags()).unwrap_or(0);
            // SAFETY: the context is valid, and asks for positions.
            unsafe { api!(RedisModule_KeyAtPosWithFlags(context.as_ptr(), place, flags)) };
        }
    }
}

/// The number of the first argument, from this one on, that is a keyword.
fn find(keyword: &CStr, from: From, args: &[&[u8]]) -> Option<usize> {
    let from = from.of_call(args);
    let is_keyword = |arg: &&[u8]| arg.eq_ignore_ascii_case(keyword.to_bytes());
    Some(from + args.iter().skip(from).position(is_keyword)?)
}

impl KeyPlace {
    /// The numbers of the arguments that are the keys.
    fn find(&self, args: &[&[u8]]) -> impl Iterator<Item = c_int> {
        let places = match self {
            Self::First => 1..2,
            Self::Counted => 2..counted(args).saturating_add(2),
            Self::After { keyword, from } => {
                find(keyword, *from, args).map_or(0..0, |keyword| keyword + 1..keyword + 2)
            }
        };
        // The first key is reported even when the arguments were too many to read.
        let end = args.len().max(2);
        places.take_while(move |place| *place < end).filter_map(|place| c_int::try_from(place).ok())
    }
}

/// Registers what COMMAND DOCS and COMMAND INFO show; `false` when the server refuses.
fn describe(command: *mut raw::RedisModuleCommand, spec: &CommandSpec) -> bool {
    let mut keys: Vec<_> = spec.keys.iter().map(key_spec).collect();
    // SAFETY: an entry of zeros ends the list.
    keys.push(unsafe { std::mem::zeroed() });
    let mut arguments = Arguments::default();
    let list = arguments.list(spec.arguments);
    let version = raw::RedisModuleCommandInfoVersion {
        version: 1,
        sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
        sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
        sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
    };
    let info = raw::RedisModuleCommandInfo {
        version: &raw const version,
        summary: spec.summary.as_ptr(),
        complexity: spec.complexity.as_ptr(),
        since: spec.since.as_ptr(),
        history: null_mut(),
        tips: null(),
        arity: spec.arity,
        key_specs: keys.as_mut_ptr(),
        args: list,
    };
    // SAFETY: all that is pointed to lives until the call returns; the server copies it.
    unsafe { api!(RedisModule_SetCommandInfo(command, &raw const info)) == OK }
}

fn key_spec(key: &KeySpec) -> raw::RedisModuleCommandKeySpec {
    // SAFETY: zeros are a key spec of no flags, from index 0.
    let mut spec: raw::RedisModuleCommandKeySpec = unsafe { std::mem::zeroed() };
    spec.flags = key.access.flags().into();
    match key.place {
        KeyPlace::First | KeyPlace::Counted => {
            spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
            spec.bs.index.pos = 1;
        }
        KeyPlace::After { keyword, from } => {
            spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_KEYWORD;
            spec.bs.keyword = raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_2 {
                keyword: keyword.as_ptr(),
                startfrom: from.least().into(),
            };
        }
    }
    if let KeyPlace::Counted = key.place {
        spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_KEYNUM;
        spec.fk.keynum = raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_2 {
            keynumidx: 0,
            firstkey: 1,
            keystep: 1,
        };
    } else {
        spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
        spec.fk.range =
            raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 { lastkey: 0, keystep: 1, limit: 0 };
    }
    spec
}

/// Arguments in the form of the API. Owns the lists, whose entries point to each other.
#[derive(Default)]
struct Arguments {
    lists: Vec<Box<[raw::RedisModuleCommandArg]>>,
}

impl Arguments {
    fn list(&mut self, arguments: &[Argument]) -> *mut raw::RedisModuleCommandArg {
        let mut list: Vec<_> = arguments.iter().map(|argument| self.argument(argument)).collect();
        // SAFETY: an entry of zeros ends the list.
        list.push(unsafe { std::mem::zeroed() });
        self.lists.push(list.into_boxed_slice());
        self.lists.last_mut().map_or(null_mut(), |list| list.as_mut_ptr())
    }

    fn argument(&mut self, argument: &Argument) -> raw::RedisModuleCommandArg {
        let (kind, key, members) = match argument.kind {
            ArgumentKind::Key(spec) => {
                (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, spec, &[][..])
            }
            ArgumentKind::String => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, -1, &[][..]),
            ArgumentKind::Integer => {
                (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, -1, &[][..])
            }
            ArgumentKind::Instant => {
                (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_UNIX_TIME, -1, &[][..])
            }
            ArgumentKind::Token => {
                (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, -1, &[][..])
            }
            ArgumentKind::Block(members) => {
                (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, -1, members)
            }
        };
        let optional = if argument.optional { raw::REDISMODULE_CMD_ARG_OPTIONAL } else { 0 };
        let multiple = if argument.multiple { raw::REDISMODULE_CMD_ARG_MULTIPLE } else { 0 };
        raw::RedisModuleCommandArg {
            name: argument.name.as_ptr(),
            type_: kind,
            key_spec_index: key,
            token: argument.token.map_or(null::<c_char>(), CStr::as_ptr),
            summary: null(),
            since: null(),
            flags: c_int::try_from(optional | multiple).unwrap_or(0),
            deprecated_since: null(),
            subargs: if members.is_empty() { null_mut() } else { self.list(members) },
            display_text: null(),
        }
    }
}
