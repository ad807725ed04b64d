//! Every command: its keys, its flags, and what COMMAND says of it.

use std::ffi::{CStr, c_int};

use redis_module::raw;
use seckill_core::wire::Name;

/// The ACL category of the module.
pub(crate) const CATEGORY: &CStr = c"seckill";
/// The version that brought the commands.
pub(crate) const SINCE: &CStr = c"0.1.0";

/// What the server is told of a command.
pub(crate) struct Spec {
    pub(crate) name: Name,
    pub(crate) summary: &'static CStr,
    pub(crate) complexity: &'static CStr,
    /// The number of arguments, the name included; negative: at least so many.
    pub(crate) arity: c_int,
    /// Flags, as the server names them. The ACL categories follow from them, but for the next one.
    pub(crate) flags: &'static CStr,
    /// Whether it belongs to the ACL category `dangerous`.
    pub(crate) dangerous: bool,
    pub(crate) keys: &'static [Key],
    pub(crate) arguments: &'static [Argument],
}

/// Where a key stands, and what becomes of it.
pub(crate) struct Key {
    pub(crate) flags: u64,
    /// After this keyword, looked for from this argument on; else it is the first argument.
    pub(crate) keyword: Option<(&'static CStr, c_int)>,
}

/// An argument, for the documentation.
pub(crate) struct Argument {
    pub(crate) name: &'static CStr,
    pub(crate) kind: Kind,
    pub(crate) token: Option<&'static CStr>,
    pub(crate) optional: bool,
}

/// What an argument is.
pub(crate) enum Kind {
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

const fn required(name: &'static CStr, kind: Kind) -> Argument {
    Argument { name, kind, token: None, optional: false }
}

const fn option(token: &'static CStr, name: &'static CStr, kind: Kind) -> Argument {
    Argument { name, kind, token: Some(token), optional: true }
}

const fn key(flags: u32) -> Key {
    Key { flags: flags as u64, keyword: None }
}

const RW: u32 = raw::REDISMODULE_CMD_KEY_RW;
const ACCESS: u32 = raw::REDISMODULE_CMD_KEY_ACCESS;
const READ: &[Key] = &[key(raw::REDISMODULE_CMD_KEY_RO | ACCESS)];
const UPDATE: &[Key] = &[key(RW | ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE)];
const INSERT: &[Key] = &[key(RW | raw::REDISMODULE_CMD_KEY_INSERT)];
const DELETE: &[Key] = &[key(RW | ACCESS | raw::REDISMODULE_CMD_KEY_DELETE)];

/// The first argument of BUY that may be a keyword.
pub(crate) const OPTIONS_OF_BUY: usize = 4;

/// BUY reads, and may release, the lock that it names. The sale, buyer and order come first, whatever they are
/// called; so the keyword is looked for behind them.
const PURCHASE: &[Key] = &[
    key(RW | ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE),
    Key { flags: (RW | ACCESS | raw::REDISMODULE_CMD_KEY_DELETE) as u64, keyword: Some((c"LOCK", 4)) },
];

const LOCK_KEY: Argument = required(c"key", Kind::Key(0));
const SALE: Argument = required(c"sale", Kind::Key(0));
const TOKEN: Argument = required(c"token", Kind::String);
const ORDER: Argument = required(c"order", Kind::String);
const BUYER: Argument = required(c"buyer", Kind::String);
const TTL: Argument = required(c"ttl", Kind::Integer);
const TIMEOUT: Argument = option(c"BLOCK", c"timeout", Kind::Integer);
const STOCK: Argument =
    Argument { name: c"stock", kind: Kind::Integer, token: Some(c"STOCK"), optional: false };
const QTY: Argument = option(c"QTY", c"qty", Kind::Integer);
const GUARD: Argument = option(
    c"LOCK",
    c"lock",
    Kind::Block(&[required(c"key", Kind::Key(1)), required(c"token", Kind::String)]),
);
const LIMIT: Argument = option(c"LIMIT", c"limit", Kind::Integer);
const HOLD: Argument = option(c"HOLD", c"hold", Kind::Integer);
const OPENS: Argument = option(c"OPENS", c"opens", Kind::Instant);
const CLOSES: Argument = option(c"CLOSES", c"closes", Kind::Instant);

const CONSTANT: &CStr = c"O(1)";

/// Takes what is there already, or grows.
const GROWS: &CStr = c"write deny-oom fast";
/// Works when the memory that the server may use is used up, for it gives back.
const GIVES: &CStr = c"write fast";
const READS: &CStr = c"readonly fast";

/// The commands.
pub(crate) static TABLE: [Spec; Name::ALL.len()] = [
    Spec {
        name: Name::Lock,
        summary: c"Takes a lock for some time and replies its fence, or nil when another holds it",
        complexity: CONSTANT,
        arity: -4,
        flags: GROWS,
        dangerous: false,
        keys: UPDATE,
        arguments: &[LOCK_KEY, TOKEN, TTL, TIMEOUT],
    },
    Spec {
        name: Name::Unlock,
        summary: c"Releases a lock that the token holds",
        complexity: CONSTANT,
        arity: 3,
        flags: GIVES,
        dangerous: false,
        keys: DELETE,
        arguments: &[LOCK_KEY, TOKEN],
    },
    Spec {
        name: Name::Renew,
        summary: c"Gives a lock that the token holds a new lease",
        complexity: CONSTANT,
        arity: 4,
        flags: GIVES,
        dangerous: false,
        keys: UPDATE,
        arguments: &[LOCK_KEY, TOKEN, TTL],
    },
    Spec {
        name: Name::Create,
        summary: c"Opens a sale",
        complexity: CONSTANT,
        // From here on what lacks is a keyword or its value, which is a syntax error.
        arity: -3,
        flags: GROWS,
        dangerous: false,
        keys: INSERT,
        arguments: &[SALE, STOCK, LIMIT, HOLD, OPENS, CLOSES],
    },
    Spec {
        name: Name::Alter,
        summary: c"Changes the rules of a sale",
        complexity: CONSTANT,
        arity: -3,
        flags: GROWS,
        dangerous: false,
        keys: UPDATE,
        arguments: &[SALE, LIMIT, HOLD, OPENS, CLOSES],
    },
    Spec {
        name: Name::Restock,
        summary: c"Adds units to a sale, or takes some away, and replies those available",
        complexity: CONSTANT,
        arity: -3,
        flags: GIVES,
        dangerous: false,
        keys: UPDATE,
        arguments: &[SALE, required(c"delta", Kind::Integer), option(c"ID", c"id", Kind::String)],
    },
    Spec {
        name: Name::Buy,
        summary: c"Places an order and replies its state, or why there is none",
        complexity: CONSTANT,
        arity: -4,
        flags: c"write deny-oom fast getkeys-api",
        dangerous: false,
        keys: PURCHASE,
        arguments: &[SALE, BUYER, ORDER, QTY, GUARD, option(c"RELEASE", c"release", Kind::Token)],
    },
    Spec {
        name: Name::Confirm,
        summary: c"Turns a held order into a sold one",
        complexity: CONSTANT,
        arity: 3,
        flags: GIVES,
        dangerous: false,
        keys: UPDATE,
        arguments: &[SALE, ORDER],
    },
    Spec {
        name: Name::Extend,
        summary: c"Gives a held order a new deadline",
        complexity: CONSTANT,
        arity: 4,
        flags: GIVES,
        dangerous: false,
        keys: UPDATE,
        arguments: &[SALE, ORDER, required(c"hold", Kind::Integer)],
    },
    Spec {
        name: Name::Cancel,
        summary: c"Gives a held order back, or with REFUND a sold one",
        complexity: CONSTANT,
        arity: -3,
        flags: GIVES,
        dangerous: false,
        keys: UPDATE,
        arguments: &[SALE, ORDER, option(c"REFUND", c"refund", Kind::Token)],
    },
    Spec {
        name: Name::Order,
        summary: c"Reads an order",
        complexity: CONSTANT,
        arity: 3,
        flags: READS,
        dangerous: false,
        keys: READ,
        arguments: &[SALE, ORDER],
    },
    Spec {
        name: Name::Buyer,
        summary: c"Reads what a buyer has, and the last orders",
        complexity: CONSTANT,
        arity: 3,
        flags: READS,
        dangerous: false,
        keys: READ,
        arguments: &[SALE, BUYER],
    },
    Spec {
        name: Name::Events,
        summary: c"Reads the events of a sale after a seq",
        complexity: c"O(N) in the events replied",
        arity: -3,
        flags: c"readonly",
        dangerous: false,
        keys: READ,
        arguments: &[
            SALE,
            required(c"after", Kind::Integer),
            option(c"TERM", c"term", Kind::Integer),
            option(c"COUNT", c"count", Kind::Integer),
            TIMEOUT,
        ],
    },
    Spec {
        name: Name::Info,
        summary: c"Reads the figures of a sale",
        complexity: CONSTANT,
        arity: 2,
        flags: READS,
        dangerous: false,
        keys: READ,
        arguments: &[SALE],
    },
    Spec {
        name: Name::Audit,
        summary: c"Checks every figure of a sale against its orders and events",
        complexity: c"O(N) in the orders and events of the sale",
        arity: 2,
        flags: c"readonly",
        dangerous: true,
        keys: READ,
        arguments: &[SALE],
    },
    Spec {
        name: Name::Apply,
        summary: c"Internal: takes over events that a primary decided",
        complexity: c"O(N) in the events",
        arity: 3,
        flags: c"write",
        dangerous: true,
        keys: UPDATE,
        arguments: &[SALE, required(c"events", Kind::String)],
    },
    Spec {
        name: Name::Grant,
        summary: c"Internal: takes over a lock that a primary granted",
        complexity: CONSTANT,
        arity: 5,
        flags: GIVES,
        dangerous: true,
        keys: UPDATE,
        arguments: &[LOCK_KEY, TOKEN, required(c"pxat", Kind::Instant), required(c"fence", Kind::Integer)],
    },
];

/// How a command to replicate events is called.
pub(crate) const APPLY: &CStr = c"SECKILL.APPLY";
/// How a command to replicate a lock is called.
pub(crate) const GRANT: &CStr = c"SECKILL.GRANT";

/// Room for every name in lower case and the NUL that ends it.
const ROOM: usize = 24;

/// The names in lower case, in the order of [`Name::ALL`].
static LOWER: [[u8; ROOM]; Name::ALL.len()] = {
    let mut names = [[0; ROOM]; Name::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        let name = Name::ALL[i].as_str().as_bytes();
        let mut at = 0;
        while at < name.len() {
            names[i][at] = name[at].to_ascii_lowercase();
            at += 1;
        }
        i += 1;
    }
    names
};

static LOWER_C: [&CStr; Name::ALL.len()] = {
    let mut names = [c""; Name::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = match CStr::from_bytes_until_nul(&LOWER[i]) {
            Ok(name) => name,
            Err(_) => panic!("no room for the NUL"),
        };
        i += 1;
    }
    names
};

/// The name of a command as the server shows it. The keyspace event of what it changes has the same name.
pub(crate) fn lower(name: Name) -> &'static CStr {
    LOWER_C[name as usize]
}
