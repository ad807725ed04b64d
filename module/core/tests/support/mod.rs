//! What several test programs and the fuzz targets use.
//!
//! | file | concept |
//! | --- | --- |
//! | `pair` | a primary's sale and a replica's copy, and a small language for scenarios |
//! | `render` | sales, orders and events as text |
//! | `snapshot` | sales to bytes and back |
//! | `untrusted` | what must hold of bytes from anyone |

#![allow(dead_code, unused_imports, reason = "each program uses its own part of this")]

mod pair;
pub(crate) mod render;
pub(crate) mod snapshot;
pub(crate) mod untrusted;

use core::sync::atomic::{AtomicU64, Ordering};

use seckill_core::protocol::{Name, Token};
use seckill_core::{Sale, Seed};

pub(crate) use pair::{Pair, scenario};

/// A name that is known to be valid.
pub(crate) fn name(text: &(impl AsRef<[u8]> + ?Sized)) -> Name<'_> {
    Name::new("name", text.as_ref()).unwrap()
}

/// A token that is known to be valid.
pub(crate) fn token(bytes: &[u8]) -> Token<'_> {
    Token::new(bytes).unwrap()
}

/// A blank sale. Each has another seed, for nothing may depend on it.
pub(crate) fn blank() -> Sale {
    static SEEDS: AtomicU64 = AtomicU64::new(0);
    Sale::new(Seed([SEEDS.fetch_add(1, Ordering::Relaxed), 7]))
}
