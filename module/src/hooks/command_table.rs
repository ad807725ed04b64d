//! Every command: its keys, its flags, and what COMMAND shows of it.

use std::ffi::CStr;

use seckill_core::protocol::{CommandName, Keyword};

use crate::redis::command::{Argument, ArgumentKind, CommandSpec};
use crate::redis::key_spec::{KeyAccess, KeyPlace, KeySpec, StartFrom};

/// The ACL category of the module.
pub(super) const CATEGORY: &CStr = c"seckill";
/// The version of the module that brought the commands.
const SINCE: &CStr = c"0.1.0";

/// What Redis, too, calls values of these units.
const MILLISECONDS: &CStr = c"milliseconds";
const UNIX_TIME: &CStr = c"unix-time-milliseconds";

const fn required(name: &'static CStr, kind: ArgumentKind) -> Argument {
    Argument { name, kind, token: None, optional: false, multiple: false }
}

const fn option(token: Keyword, name: &'static CStr, kind: ArgumentKind) -> Argument {
    Argument { name, kind, token: Some(token.as_c_str()), optional: true, multiple: false }
}

const fn several(argument: Argument) -> Argument {
    Argument { multiple: true, ..argument }
}

const fn first(access: KeyAccess) -> KeySpec {
    KeySpec { access, place: KeyPlace::First }
}

const READ: &[KeySpec] = &[first(KeyAccess::Read)];
const UPDATE: &[KeySpec] = &[first(KeyAccess::Update)];
const INSERT: &[KeySpec] = &[first(KeyAccess::Insert)];
const DELETE: &[KeySpec] = &[first(KeyAccess::Delete)];

/// The first argument of BUY that may be a keyword. Sale, buyer and order come before, whatever they are
/// called.
const BUY_KEYWORDS: StartFrom = StartFrom::Argument(4);
/// Likewise of BUYALL, whose sales come before, too.
const BUY_ALL_KEYWORDS: StartFrom = StartFrom::AfterCounted(4);

/// The lock of a purchase, which it reads, and deletes if it is to release it.
const fn guard_key(from: StartFrom) -> KeySpec {
    KeySpec {
        access: KeyAccess::ReadOrDelete { keyword: Keyword::Release.as_c_str(), from },
        place: KeyPlace::After { keyword: Keyword::Lock.as_c_str(), from },
    }
}

const BUY_KEYS: &[KeySpec] = &[first(KeyAccess::Update), guard_key(BUY_KEYWORDS)];
const BUY_ALL_KEYS: &[KeySpec] =
    &[KeySpec { access: KeyAccess::Update, place: KeyPlace::Counted }, guard_key(BUY_ALL_KEYWORDS)];

/// The keys of a command that reports them itself.
pub(super) fn dynamic_keys(name: &[u8]) -> &'static [KeySpec] {
    let is_buy_all = name.eq_ignore_ascii_case(CommandName::BuyAll.as_str().as_bytes());
    if is_buy_all { BUY_ALL_KEYS } else { BUY_KEYS }
}

const LOCK_KEY: Argument = required(c"key", ArgumentKind::Key(0));
const SALE: Argument = required(c"sale", ArgumentKind::Key(0));
const TOKEN: Argument = required(c"token", ArgumentKind::String);
const ORDER: Argument = required(c"order", ArgumentKind::String);
const BUYER: Argument = required(c"buyer", ArgumentKind::String);
const DURATION: Argument = required(MILLISECONDS, ArgumentKind::Integer);
const BLOCK: Argument = option(Keyword::Block, MILLISECONDS, ArgumentKind::Integer);
const STOCK: Argument = Argument {
    name: c"stock",
    kind: ArgumentKind::Integer,
    token: Some(Keyword::Stock.as_c_str()),
    optional: false,
    multiple: false,
};
const QTY: Argument = option(Keyword::Qty, c"qty", ArgumentKind::Integer);
const GUARD: Argument = option(
    Keyword::Lock,
    c"lock",
    ArgumentKind::Block(&[
        required(c"key", ArgumentKind::Key(1)),
        TOKEN,
        option(Keyword::Release, c"release", ArgumentKind::Token),
    ]),
);
const LIMIT: Argument = option(Keyword::Limit, c"limit", ArgumentKind::Integer);
const ATTEMPTS: Argument = option(Keyword::Attempts, c"attempts", ArgumentKind::Integer);
const HOLD: Argument = option(Keyword::Hold, MILLISECONDS, ArgumentKind::Integer);
const OPENS: Argument = option(Keyword::Opens, UNIX_TIME, ArgumentKind::Instant);
const CLOSES: Argument = option(Keyword::Closes, UNIX_TIME, ArgumentKind::Instant);

/// What most commands have in common.
const COMMON: CommandSpec = CommandSpec {
    name: c"",
    summary: c"",
    complexity: c"O(1)",
    since: SINCE,
    arity: 0,
    flags: c"",
    dangerous: false,
    keys: &[],
    arguments: &[],
};

/// Needs memory: refused at `maxmemory`.
const WRITE_DENY_OOM: &CStr = c"write deny-oom fast";
/// Releases, or changes in place: works at `maxmemory`, too.
const WRITE: &CStr = c"write fast";
const READ_FAST: &CStr = c"readonly fast";

/// All commands.
pub(super) static TABLE: [CommandSpec; CommandName::ALL.len()] = [
    CommandSpec {
        name: CommandName::Lock.lower_case(),
        summary: c"Takes a lock for some time and replies its fence, or nil when another holds it",
        arity: -4,
        flags: c"write deny-oom fast blocking",
        keys: UPDATE,
        arguments: &[LOCK_KEY, TOKEN, DURATION, BLOCK],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Unlock.lower_case(),
        summary: c"Releases a lock that the token holds",
        arity: 3,
        flags: WRITE,
        keys: DELETE,
        arguments: &[LOCK_KEY, TOKEN],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Renew.lower_case(),
        summary: c"Gives a lock that the token holds a new lease",
        arity: 4,
        flags: WRITE,
        keys: UPDATE,
        arguments: &[LOCK_KEY, TOKEN, DURATION],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Waiters.lower_case(),
        summary: c"Reads the holder of a lock, and who waits for it",
        complexity: c"O(N) in the waiters replied",
        arity: 2,
        flags: c"readonly",
        dangerous: true,
        keys: READ,
        arguments: &[LOCK_KEY],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Create.lower_case(),
        summary: c"Creates a sale",
        // The module's error names what is missing.
        arity: -2,
        flags: WRITE_DENY_OOM,
        keys: INSERT,
        arguments: &[SALE, STOCK, LIMIT, ATTEMPTS, HOLD, OPENS, CLOSES],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Alter.lower_case(),
        summary: c"Changes the rules of a sale",
        arity: -2,
        flags: WRITE_DENY_OOM,
        keys: UPDATE,
        arguments: &[SALE, LIMIT, ATTEMPTS, HOLD, OPENS, CLOSES],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Restock.lower_case(),
        summary: c"Adds units to a sale, or takes some away, and replies those available",
        arity: -3,
        flags: WRITE,
        keys: UPDATE,
        arguments: &[
            SALE,
            required(c"delta", ArgumentKind::Integer),
            option(Keyword::Id, c"id", ArgumentKind::String),
        ],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Buy.lower_case(),
        summary: c"Places an order and replies its state, or why there is none",
        arity: -4,
        flags: c"write deny-oom fast getkeys-api",
        keys: BUY_KEYS,
        arguments: &[SALE, BUYER, ORDER, QTY, GUARD],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::BuyAll.lower_case(),
        summary: c"Places an order in several sales, in all of them or in none, and replies a word for each",
        complexity: c"O(N) in the sales",
        arity: -5,
        flags: c"write deny-oom getkeys-api",
        keys: BUY_ALL_KEYS,
        arguments: &[
            required(c"numsales", ArgumentKind::Integer),
            several(SALE),
            BUYER,
            ORDER,
            several(QTY),
            GUARD,
        ],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Confirm.lower_case(),
        summary: c"Turns a held order into a sold one",
        arity: 3,
        flags: WRITE,
        keys: UPDATE,
        arguments: &[SALE, ORDER],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Extend.lower_case(),
        summary: c"Gives a held order a new deadline",
        arity: 4,
        flags: WRITE_DENY_OOM,
        keys: UPDATE,
        arguments: &[SALE, ORDER, DURATION],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Cancel.lower_case(),
        summary: c"Gives a held order back, or with REFUND a sold one",
        arity: -3,
        flags: WRITE,
        keys: UPDATE,
        arguments: &[SALE, ORDER, option(Keyword::Refund, c"refund", ArgumentKind::Token)],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Order.lower_case(),
        summary: c"Reads an order",
        arity: 3,
        flags: READ_FAST,
        keys: READ,
        arguments: &[SALE, ORDER],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Buyer.lower_case(),
        summary: c"Reads what a buyer has, and the last orders",
        arity: 3,
        flags: READ_FAST,
        keys: READ,
        arguments: &[SALE, BUYER],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Events.lower_case(),
        summary: c"Reads the events of a sale after a seq",
        complexity: c"O(N) in the events replied",
        arity: -3,
        flags: c"readonly blocking",
        keys: READ,
        arguments: &[
            SALE,
            required(c"after", ArgumentKind::Integer),
            option(Keyword::Term, c"term", ArgumentKind::Integer),
            option(Keyword::Count, c"count", ArgumentKind::Integer),
            BLOCK,
        ],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Info.lower_case(),
        summary: c"Reads the figures of a sale",
        arity: 2,
        flags: READ_FAST,
        keys: READ,
        arguments: &[SALE],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Audit.lower_case(),
        summary: c"Checks every figure of a sale against its orders and events",
        complexity: c"O(N) in the orders and events of the sale",
        arity: -2,
        flags: c"readonly",
        dangerous: true,
        keys: READ,
        arguments: &[SALE, option(Keyword::Force, c"force", ArgumentKind::Token)],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Apply.lower_case(),
        summary: c"Internal: applies events that a primary decided",
        complexity: c"O(N) in the events",
        arity: 3,
        flags: c"write",
        dangerous: true,
        keys: UPDATE,
        arguments: &[SALE, required(c"events", ArgumentKind::String)],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Grant.lower_case(),
        summary: c"Internal: applies a lock that a primary granted",
        arity: 5,
        flags: WRITE,
        dangerous: true,
        keys: UPDATE,
        arguments: &[
            LOCK_KEY,
            TOKEN,
            required(UNIX_TIME, ArgumentKind::Instant),
            required(c"fence", ArgumentKind::Integer),
        ],
        ..COMMON
    },
    CommandSpec {
        name: CommandName::Fence.lower_case(),
        summary: c"Internal: observes a fence, so that later ones are greater",
        arity: 2,
        flags: WRITE,
        dangerous: true,
        arguments: &[required(c"fence", ArgumentKind::Integer)],
        ..COMMON
    },
];
