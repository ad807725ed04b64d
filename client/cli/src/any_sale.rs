//! A sale of either kind.

use crate::servers::AnySale;

/// Whether it is a sale without shards of their own.
pub(crate) fn is_ordinary(sale: &AnySale) -> bool {
    matches!(&sale.shards()[..], [only] if only.key() == sale.key())
}
