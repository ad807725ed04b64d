//! A sale as the value of a key.

use seckill_core::Sale;
use seckill_core::protocol::Error;

use super::call::Result;
use super::failure::Failure;
use crate::redis::{Key, KeyKind};
use crate::stored::Stored;

/// The sale at an open key.
pub(super) fn sale_at<'k>(key: &'k Key<'_>) -> Result<&'k Sale> {
    if !matches!(key.kind::<Stored>(), KeyKind::Empty | KeyKind::Value) {
        return Err(Failure::WrongType);
    }
    let stored = key.value::<Stored>().ok_or(Error::NoSale)?;
    Ok(&stored.sale)
}
