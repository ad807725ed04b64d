//! Registering commands, and taking their calls.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{null, null_mut};

use redis_module::raw;
use seckill_core::wire::Keyword;

use super::api::guarded;
use super::args::Args;
use super::context::{Context, OK, c_string};
use crate::commands;
use crate::table::{self, Argument, Key, Kind, Spec};

/// Registers every command of the table; `false` when the server refuses one.
pub(crate) fn register_all(context: &Context) -> bool {
    add_category(context);
    table::TABLE.iter().all(|spec| register(context, spec).is_some())
}

/// The ACL category of the module, where the server lets modules add one.
fn add_category(context: &Context) {
    // SAFETY: the context is valid.
    unsafe {
        if let Some(add) = raw::RedisModule_AddACLCategory {
            add(context.as_ptr(), table::CATEGORY.as_ptr());
        }
    }
}

fn register(context: &Context, spec: &Spec) -> Option<()> {
    let name = table::lower(spec.name);
    // SAFETY: context and strings are valid; the server copies the strings.
    unsafe {
        let (name, flags) = (name.as_ptr(), spec.flags.as_ptr());
        if api!(RedisModule_CreateCommand(context.as_ptr(), name, Some(called), flags, 1, 1, 1)) != OK {
            return None;
        }
        let command = api!(RedisModule_GetCommand(context.as_ptr(), name));
        describe(command, spec)?;
        if let Some(set) = raw::RedisModule_SetCommandACLCategories {
            let own = table::CATEGORY.to_string_lossy();
            let standard = standard_categories(spec);
            // A server may know categories, and yet not let modules add one.
            if set(command, c_string(&format!("{standard} {own}")).as_ptr()) != OK {
                set(command, c_string(&standard).as_ptr());
            }
        }
    }
    Some(())
}

/// The categories that follow from the flags. What is set replaces them, so they are said again.
fn standard_categories(spec: &Spec) -> String {
    let flags = spec.flags.to_string_lossy();
    let has = |flag| flags.split(' ').any(|word| word == flag);
    let mut categories = vec![if has("write") { "write" } else { "read" }];
    categories.push(if has("fast") { "fast" } else { "slow" });
    if spec.dangerous {
        categories.push("dangerous");
    }
    categories.join(" ")
}

/// What takes every call of every command.
extern "C" fn called(
    context: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server passed the context.
    if let Some(context) = unsafe { Context::new(context) } {
        let run = || {
            // SAFETY: the server passed the arguments, which live as long as the call.
            let args = unsafe { Args::new(argv, argc) };
            if is_asked_for_keys(&context) {
                tell_keys(&context, args.as_ref());
            } else {
                commands::run(&context, args.as_ref());
            }
        };
        if guarded(run).is_none() {
            context.reply_error("ERR the module failed; its server's log says how");
        }
    }
    OK
}

/// Whether the call only asks where the keys stand. Servers before Redis 8.6 look at the key specs for ACL and
/// COMMAND GETKEYS, but route in a cluster by the first key alone, unless the command itself tells them.
fn is_asked_for_keys(context: &Context) -> bool {
    // SAFETY: the context is valid.
    unsafe { api!(RedisModule_IsKeysPositionRequest(context.as_ptr())) != 0 }
}

/// The same as the key specs of BUY say.
fn tell_keys(context: &Context, args: Option<&Args<'_>>) {
    let tell = |position: usize| {
        let position = c_int::try_from(position).unwrap_or(0);
        // SAFETY: the context is valid, and asks for positions.
        unsafe { api!(RedisModule_KeyAtPos(context.as_ptr(), position)) };
    };
    tell(1);
    let arguments = args.map_or(&[][..], Args::bytes);
    if let Some(keyword) = arguments
        .iter()
        .skip(table::OPTIONS_OF_BUY)
        .position(|argument| argument.eq_ignore_ascii_case(Keyword::Lock.as_str().as_bytes()))
    {
        let key = table::OPTIONS_OF_BUY + keyword + 1;
        if key < arguments.len() {
            tell(key);
        }
    }
}

/// Tells the server what COMMAND is to say.
fn describe(command: *mut raw::RedisModuleCommand, spec: &Spec) -> Option<()> {
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
        since: table::SINCE.as_ptr(),
        history: null_mut(),
        tips: null(),
        arity: spec.arity,
        key_specs: keys.as_mut_ptr(),
        args: list,
    };
    // SAFETY: all that is pointed to lives until the call returns; the server copies it.
    let described = unsafe { api!(RedisModule_SetCommandInfo(command, &raw const info)) };
    (described == OK).then_some(())
}

fn key_spec(key: &Key) -> raw::RedisModuleCommandKeySpec {
    // SAFETY: zeros are a key spec of no flags, from index 0.
    let mut spec: raw::RedisModuleCommandKeySpec = unsafe { std::mem::zeroed() };
    spec.flags = key.flags;
    match key.keyword {
        None => {
            spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
            spec.bs.index.pos = 1;
        }
        Some((keyword, from)) => {
            spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_KEYWORD;
            spec.bs.keyword = raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_2 {
                keyword: keyword.as_ptr(),
                startfrom: from,
            };
        }
    }
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    spec.fk.range =
        raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 { lastkey: 0, keystep: 1, limit: 0 };
    spec
}

/// Arguments in the form of the API. It owns the lists, whose entries point to each other.
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
            Kind::Key(spec) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, spec, &[][..]),
            Kind::String => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, -1, &[][..]),
            Kind::Integer => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, -1, &[][..]),
            Kind::Instant => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_UNIX_TIME, -1, &[][..]),
            Kind::Token => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, -1, &[][..]),
            Kind::Block(members) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, -1, members),
        };
        let flags = if argument.optional { raw::REDISMODULE_CMD_ARG_OPTIONAL } else { 0 };
        raw::RedisModuleCommandArg {
            name: argument.name.as_ptr(),
            type_: kind,
            key_spec_index: key,
            token: argument.token.map_or(null::<c_char>(), CStr::as_ptr),
            summary: null(),
            since: null(),
            flags: c_int::try_from(flags).unwrap_or(0),
            deprecated_since: null(),
            subargs: if members.is_empty() { null_mut() } else { self.list(members) },
            display_text: null(),
        }
    }
}
