//! Registering commands, and taking their calls.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{null, null_mut};

use redis_module::raw;

use super::api::guarded;
use super::args::{Args, Str};
use super::context::{Context, OK, c_string};
use super::key_spec::{KeySpec, is_keys_request, key_spec, reply_keys};

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
    if has("blocking") {
        categories.push("blocking");
    }
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
