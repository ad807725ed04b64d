//! The formats, and the policy for changing them. Versions, kinds, flags and tags are constants of this file.
//!
//! Bytes of this module are in RDB files, in AOF files, in DUMP payloads and on the wire to replicas. The
//! server that reads them may run another version of the module. So every format is **frozen**:
//!
//! - What is written today is read by every later version. A constant below never changes its meaning, and a
//!   number that is in use is never used for something else.
//! - A format changes by a new version number or a new kind. Older versions stay readable.
//! - A newer version or kind than the reader knows is refused with an error that says so, and nothing is applied.
//!   Hence replicas are upgraded before their primary.
//! - `tests/golden.rs` holds the bytes of every version. A change that breaks it breaks a server in the
//!   field.
//!
//! # The value of a key
//!
//! The data type is [`TYPE_NAME`] with encoding version [`TYPE_ENCODING`]. Its value in an RDB file or a DUMP
//! payload is a series of strings: the head of the snapshot, then its parts.
//!
//! ```text
//! head = SNAPSHOT_VERSION, flags (bit 0: diverged), seq of the last event
//! part = batch
//! ```
//!
//! # A batch of events
//!
//! What a primary sends as `SECKILL.APPLY sale batch`, what the AOF holds, and what a snapshot consists of:
//!
//! ```text
//! batch = BATCH_VERSION, seq of the first event, term, time base (unix ms), event ...
//! event = kind, ms since the event before (the first: since the time base), fields
//! ```
//!
//! | kind | fields |
//! | --- | --- |
//! | [`kind::CREATED`] | stock, rules |
//! | [`kind::ALTERED`] | rules |
//! | [`kind::RESTOCKED`] | delta (zigzag), 1 and an id or 0 |
//! | [`kind::OPENED_HELD`] | order id, buyer, quantity, ms from the event to the deadline |
//! | [`kind::OPENED_SOLD`] | order id, buyer, quantity |
//! | [`kind::HELD`] | order number, ms from the event to the deadline |
//! | [`kind::SOLD`], [`kind::CANCELLED`], [`kind::EXPIRED`] | order number |
//! | [`kind::CREATED_ATTEMPTS`], [`kind::ALTERED_ATTEMPTS`] | as without, and attempts |
//! | [`kind::OPENED_HELD_PAST`], [`kind::HELD_PAST`] | as without, but ms from the deadline to the event |
//!
//! Stock, times, durations, seqs and terms are at most 2^53 - 1, limits, attempts and quantities at most 2^32 - 1. A
//! delta is -(2^53 - 1) to 2^53 - 1; a deadline is at most 2^53 - 1. A quantity is at least 1, `closes` is 0
//! or after `opens`. All events of a batch have one term. Whatever is outside these bounds is refused, as are
//! unknown flags: a new flag needs a new version.
//!
//! Rules are limit, hold, opens, closes. The kinds with attempts are for rules whose attempts were given; those
//! with a deadline in the past are for a deadline before the event, and not for one at the same instant. Orders are numbered 0, 1, 2 … in the sequence in which they were
//! opened. A batch without bytes marks the sale that it is applied to as diverged; an AOF rewrite writes one
//! for a sale that is.
//!
//! Versions, flags, kinds and tags are bytes. All other integers are LEB128 varints in their shortest form.
//!
//! # A name
//!
//! A name (order id, buyer or restock id) is a tag and bytes: the tag is [`UUID_TAG`] and the 16 bytes of a
//! UUID whose text is canonical and in lower case, or it is the length, 1 to 128, of any other name.
//!
//! # A lock
//!
//! A lock is a string key. A grant is `SECKILL.GRANT key token pxat fence`, a release `SECKILL.UNLOCK`
//! verbatim or `DEL`, a renewal `PEXPIREAT`. The module's auxiliary data in an RDB file is one unsigned
//! integer, the last fence, before the keys.

/// What the error of a newer version says.
pub(crate) const NEWER: &str = "a newer version of the module wrote it";

/// The name of the data type, as TYPE shows it.
pub const TYPE_NAME: &core::ffi::CStr = c"flashsale";
/// The version of the series of strings that a value is.
pub const TYPE_ENCODING: i32 = 1;
/// The version of the snapshot head.
pub const SNAPSHOT_VERSION: u8 = 1;
/// The flag of a snapshot of a sale that diverged.
pub const DIVERGED_FLAG: u8 = 1;
/// The version of a batch.
pub const BATCH_VERSION: u8 = 1;
/// The tag of a name that is a UUID.
pub const UUID_TAG: u8 = 0;

/// The kinds of events.
#[allow(missing_docs, reason = "the table above")]
pub mod kind {
    pub const CREATED: u8 = 0;
    pub const ALTERED: u8 = 1;
    pub const RESTOCKED: u8 = 2;
    pub const OPENED_HELD: u8 = 3;
    pub const OPENED_SOLD: u8 = 4;
    pub const HELD: u8 = 5;
    pub const SOLD: u8 = 6;
    pub const CANCELLED: u8 = 7;
    pub const EXPIRED: u8 = 8;
    pub const CREATED_ATTEMPTS: u8 = 9;
    pub const ALTERED_ATTEMPTS: u8 = 10;
    pub const OPENED_HELD_PAST: u8 = 11;
    pub const HELD_PAST: u8 = 12;
    /// The highest kind of all. One that is higher is that of a newer version.
    pub(crate) const LAST: u8 = HELD_PAST;
}
