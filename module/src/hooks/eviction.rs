//! The warning about `maxmemory-policy`.

use crate::redis::Context;

/// The only policy that evicts nothing.
const SAFE: &str = "noeviction";

/// Warns when the server may evict locks and sales.
pub(super) fn warn(context: &Context) {
    if let Some(policy) = context.server_config("maxmemory-policy").filter(|policy| policy != SAFE) {
        context.warn(&format!(
            "maxmemory-policy is {policy}: locks or sales could be evicted and lost; set it to {SAFE}"
        ));
    }
}
