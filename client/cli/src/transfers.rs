//! Transfers between the shards of a sale, among their events.

use seckill_client::{EventKind, Transfer};

/// The units that a half of a transfer took away or put in, or gave back.
pub(crate) fn half(kind: &EventKind) -> Option<i64> {
    let EventKind::Restocked { qty, id: Some(id) } = kind else { return None };
    Transfer::of_restock(id).map(|_| *qty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_known_by_its_id() {
        let restocked = |qty, id: &str| EventKind::Restocked { qty, id: Some(id.into()) };
        let id = "transfer:0:1:5:0f8fad5b-d9cb-469f-a165-708677289501";
        assert_eq!(half(&restocked(-5, id)), Some(-5));
        assert_eq!(half(&restocked(5, &format!("{id}:back"))), Some(5));
        assert_eq!(half(&restocked(5, "delivery-1")), None);
        assert_eq!(half(&EventKind::Restocked { qty: 5, id: None }), None);
    }
}
