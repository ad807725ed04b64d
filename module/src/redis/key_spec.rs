//! Which arguments of a command are keys: for its key specs, and for a call.

use std::ffi::{CStr, c_int};

use redis_module::raw;

use super::args::Args;
use super::context::Context;

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
    ReadOrDelete { keyword: &'static CStr, from: StartFrom },
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
    After { keyword: &'static CStr, from: StartFrom },
}

/// The number of the first argument that may be a keyword.
#[derive(Clone, Copy)]
pub(crate) enum StartFrom {
    /// This one.
    Argument(u16),
    /// This one in a call with no keys, where [`KeyPlace::Counted`] keys come before it.
    AfterCounted(u16),
}

impl StartFrom {
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

/// A key spec in the form of the API.
pub(super) fn key_spec(key: &KeySpec) -> raw::RedisModuleCommandKeySpec {
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

/// Whether the call only asks where the keys are. Servers before Redis 8.6 use the key specs for ACL and
/// COMMAND GETKEYS, but in a cluster they route by the first key alone, unless the command itself reports its
/// keys.
pub(super) fn is_keys_request(context: &Context) -> bool {
    // SAFETY: the context is valid.
    unsafe { api!(RedisModule_IsKeysPositionRequest(context.as_ptr())) != 0 }
}

pub(super) fn reply_keys(context: &Context, keys: &[KeySpec], args: Option<&Args<'_>>) {
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
fn find(keyword: &CStr, from: StartFrom, args: &[&[u8]]) -> Option<usize> {
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
