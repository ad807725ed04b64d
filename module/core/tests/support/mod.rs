//! What several test programs and the fuzz targets use.
//!
//! | file | concept |
//! | --- | --- |
//! | `pair` | a primary's sale and a replica's copy, and a small language for scenarios |
//! | `render` | sales, orders and events as text |
//! | `snapshot` | sales to bytes and back |
//! | `values` | names, tokens and blank sales |
//! | `untrusted` | what must hold of bytes from anyone |

#![allow(dead_code, unused_imports, reason = "each program uses its own part of this")]

mod pair;
pub(crate) mod render;
pub(crate) mod snapshot;
pub(crate) mod untrusted;
mod values;

pub(crate) use pair::{Pair, scenario};
pub(crate) use values::{blank, name, token};
