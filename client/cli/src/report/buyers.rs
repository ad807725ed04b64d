//! How many orders buyers placed.

use std::collections::HashMap;

/// Orders of each buyer, who is known by a hash alone.
#[derive(Debug, Default)]
pub(super) struct Buyers(HashMap<u64, u32>);

/// Buyers who placed so many orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Group {
    pub(super) least: u32,
    /// `None`: any number.
    pub(super) most: Option<u32>,
    pub(super) buyers: u64,
}

/// The least orders of each group.
const GROUPS: [u32; 9] = [1, 2, 3, 4, 5, 6, 11, 21, 101];

impl Buyers {
    pub(super) fn add_order(&mut self, buyer: u64) {
        let orders = self.0.entry(buyer).or_default();
        *orders = orders.saturating_add(1);
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// From one order on to the most that somebody placed.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups = GROUPS.map(|least| Group { least, most: None, buyers: 0 });
        for (group, next) in GROUPS.iter().skip(1).enumerate() {
            groups[group].most = Some(next - 1);
        }
        for orders in self.0.values() {
            let group = GROUPS.partition_point(|least| least <= orders).saturating_sub(1);
            groups[group].buyers += 1;
        }
        let used = groups.iter().rposition(|group| group.buyers > 0).map_or(0, |last| last + 1);
        groups[..used].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buyers_are_grouped_by_their_orders() {
        let mut buyers = Buyers::default();
        assert_eq!(buyers.groups(), []);
        for (buyer, orders) in [(1, 1), (2, 1), (3, 3), (4, 6), (5, 10)] {
            (0..orders).for_each(|_| buyers.add_order(buyer));
        }
        let groups: Vec<_> =
            buyers.groups().iter().map(|group| (group.least, group.most, group.buyers)).collect();
        let one = |orders, buyers| (orders, Some(orders), buyers);
        assert_eq!(groups, [one(1, 2), one(2, 0), one(3, 1), one(4, 0), one(5, 0), (6, Some(10), 2)]);
        (0..1000).for_each(|_| buyers.add_order(6));
        assert_eq!(buyers.groups().last(), Some(&Group { least: 101, most: None, buyers: 1 }));
        assert_eq!(buyers.count(), 6);
    }
}
