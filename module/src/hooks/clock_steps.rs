//! The warning that the clock was set.

use crate::clocks;
use crate::redis::Context;

/// Logs by how much the clock was set since the last call, if by more than a second. Whether it was.
pub(super) fn report(context: &Context) -> bool {
    let Some(step) = clocks::step() else { return false };
    let (direction, effect) = if step > 0 { ("forward", "earlier") } else { ("back", "later") };
    let ms = step.unsigned_abs() / 1_000;
    context.warn(&format!(
        "the clock was set {direction} by {ms} ms: leases, holds and windows end that much {effect}"
    ));
    true
}
