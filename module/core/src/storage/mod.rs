//! How millions of records are kept in memory, and found.
//!
//! | file | concept |
//! | --- | --- |
//! | `directory` | records that are found by name or by number |
//! | `index` | from a name to the number of its record |
//! | `arena` | the bytes of names |
//! | `chunked` | a list that only grows, and never copies what it holds |
//! | `varint` | integers in as few bytes as they need |
//! | `room` | how the room of a list grows |
//! | `size_class` | the sizes in which an allocator hands out memory |
//! | `relocation` | moving blocks of memory, for active defragmentation |

mod arena;
mod chunked;
mod directory;
mod index;
mod relocation;
mod room;
mod size_class;
pub(crate) mod varint;

pub(crate) use chunked::Chunked;
pub(crate) use directory::Directory;
pub(crate) use index::Hashed;
pub use index::Seed;
pub use relocation::Relocator;
pub(crate) use relocation::{Relocate, relocate_in_place};
pub(crate) use room::{copy_with_room, make_room, memory_of};
pub(crate) use size_class::size_class;
