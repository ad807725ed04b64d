//! Names, tokens and blank sales for scenarios.

use core::sync::atomic::{AtomicU64, Ordering};

use seckill_core::protocol::{Name, Token};
use seckill_core::{Sale, Seed};

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
