//! The books of the transfers, kept from the events of the shards.

use std::collections::BTreeMap;

use super::transfer::{Half, Transfer};

/// Which halves of each transfer the shards have.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<Transfer, Halves>);

#[derive(Debug, Default)]
struct Halves {
    is_taken: bool,
    is_given_back: bool,
    is_put: bool,
}

/// What became of the units of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Balance {
    /// One shard has them.
    Even,
    /// No shard has them.
    InTransit,
    /// Both shards have them: a failover forgot that they were taken.
    Doubled,
}

impl Ledger {
    /// Takes note that a shard was restocked by so many units with this id.
    pub(super) fn note(&mut self, shard: usize, units: i64, id: &[u8]) {
        let Some((transfer, half)) = Half::of_restock(id) else { return };
        // A transfer that is void leaves a half of no units.
        if units == 0 {
            return;
        }
        let halves = self.0.entry(transfer).or_default();
        match half {
            Half::Back if shard == transfer.from => halves.is_given_back = true,
            Half::Move if shard == transfer.from => halves.is_taken = true,
            Half::Move if shard == transfer.to => halves.is_put = true,
            // No client writes that.
            _ => {}
        }
    }

    /// How many transfers moved units.
    pub(super) fn moved(&self) -> usize {
        self.0.values().filter(|halves| halves.is_put).count()
    }

    /// The transfers that are not even.
    pub(super) fn uneven(&self) -> BTreeMap<Transfer, Balance> {
        let balances = self.0.iter().map(|(transfer, halves)| (*transfer, halves.balance()));
        balances.filter(|(_, balance)| *balance != Balance::Even).collect()
    }
}

impl Halves {
    fn balance(&self) -> Balance {
        let gone = i8::from(self.is_taken) - i8::from(self.is_given_back);
        match i8::from(self.is_put) - gone {
            0 => Balance::Even,
            ..0 => Balance::InTransit,
            1.. => Balance::Doubled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(halves: &[(usize, i64, &str)]) -> Option<Balance> {
        let transfer = Transfer::new(3, 1, 5);
        let mut ledger = Ledger::default();
        for (shard, units, suffix) in halves {
            ledger.note(*shard, *units, format!("{transfer}{suffix}").as_bytes());
        }
        ledger.uneven().get(&transfer).copied()
    }

    #[test]
    fn units_that_are_in_one_shard_are_even() {
        for halves in [
            &[(3, -5, ""), (1, 5, "")][..],
            &[(1, 5, ""), (3, -5, "")],
            &[(1, 0, ""), (3, 0, "")],
            &[(3, -5, ""), (1, 0, ""), (3, 5, ":back")],
            &[],
        ] {
            assert_eq!(balance(halves), None, "{halves:?}");
        }
    }

    #[test]
    fn units_that_are_in_no_shard_or_in_two_are_found() {
        assert_eq!(balance(&[(3, -5, "")]), Some(Balance::InTransit));
        assert_eq!(balance(&[(3, -5, ""), (1, 0, "")]), Some(Balance::InTransit));
        assert_eq!(balance(&[(1, 5, "")]), Some(Balance::Doubled));
        assert_eq!(balance(&[(3, -5, ""), (3, 5, ":back"), (1, 5, "")]), Some(Balance::Doubled));
        assert_eq!(balance(&[(3, 5, ":back")]), Some(Balance::Doubled));
    }

    #[test]
    fn other_restocks_are_no_transfers() {
        let mut ledger = Ledger::default();
        ledger.note(0, 5, b"delivery-1");
        ledger.note(0, 5, b"\xff");
        assert!(ledger.uneven().is_empty());
    }
}
