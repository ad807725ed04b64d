//! The books of a sale of many shards, as the events of its shards say.

use std::collections::BTreeMap;

use seckill_client::{EventKind, Seckill, State};

use super::homes::home;
use crate::harness::history::{History, Ledger};

/// The histories of all shards.
pub(super) struct Books {
    pub(super) shards: Vec<History>,
}

/// The changes of units by the ids of a transfer, of both shards together; `:back` belongs to it.
type Transfers = BTreeMap<String, i64>;

impl Books {
    /// Reads all events; each shard has the figures that follow from them, and AUDIT finds nothing wrong.
    pub(super) async fn read(connection: &mut impl Seckill, keys: &[String]) -> Self {
        let mut shards = vec![];
        for key in keys {
            let history = History::read(connection, key).await;
            history.must_match(connection).await;
            shards.push(history);
        }
        Self { shards }
    }

    /// Each restocking, with the number of its shard.
    fn restockings(&self) -> impl Iterator<Item = (usize, i64, String)> {
        let events = self.shards.iter().enumerate().flat_map(|(shard, history)| {
            let events = history.events.iter();
            events.map(move |event| (shard, &event.kind))
        });
        events.filter_map(|(shard, kind)| match kind {
            EventKind::Restocked { qty, id } => {
                let id = id.as_ref().map(|id| String::from_utf8(id.clone()).unwrap());
                Some((shard, *qty, id.unwrap_or_default()))
            }
            _ => None,
        })
    }

    /// What was put up for sale: the stock at first, and restockings.
    pub(super) fn stock(&self) -> i64 {
        let events = self.shards.iter().flat_map(|history| &history.events);
        let created = events.filter_map(|event| match event.kind {
            EventKind::Created { qty, .. } => Some(qty as i64),
            _ => None,
        });
        let restocked = self.restockings().filter(|(_, _, id)| !id.starts_with(PREFIX));
        created.sum::<i64>() + restocked.map(|(_, qty, _)| qty).sum::<i64>()
    }

    /// What the transfers changed: 0 units each when both halves are done, or none.
    pub(super) fn transfers(&self) -> Transfers {
        let mut transfers = Transfers::new();
        for (shard, qty, id) in self.restockings().filter(|(_, _, id)| id.starts_with(PREFIX)) {
            let transfer = id.strip_suffix(BACK).unwrap_or(&id).to_owned();
            let numbers: Vec<i64> =
                transfer.split(':').skip(1).take(3).map(|part| part.parse().unwrap()).collect();
            let [from, to, units] = numbers[..] else { panic!("{id}") };
            let allowed = match shard as i64 {
                shard if shard == from && id.ends_with(BACK) => [units; 2],
                shard if shard == from => [-units, 0],
                shard if shard == to => [units, 0],
                shard => panic!("{id} at {shard}"),
            };
            assert!(allowed.contains(&qty), "{id}: {qty} at {shard}");
            *transfers.entry(transfer).or_default() += qty;
        }
        transfers
    }

    /// The transfers of which one half is done and the other is not.
    pub(super) fn unbalanced(&self) -> Transfers {
        self.transfers().into_iter().filter(|(_, units)| *units != 0).collect()
    }

    pub(super) fn ledgers(&self) -> Vec<Ledger> {
        self.shards.iter().map(History::ledger).collect()
    }

    /// The units of all orders in a state.
    pub(super) fn units(&self, state: &State) -> u64 {
        self.ledgers().iter().map(|ledger| ledger.units(state)).sum()
    }

    /// The whole stock is sold, to buyers at home there, none of whom has more units than this.
    pub(super) fn must_be_sold_out(&self, limit: u32) {
        assert_eq!(self.unbalanced(), Transfers::new());
        assert_eq!(self.units(&State::Sold) as i64, self.stock());
        for (shard, ledger) in self.ledgers().into_iter().enumerate() {
            assert_eq!(ledger.available, 0, "shard {shard}");
            let mut bought = BTreeMap::<Vec<u8>, u32>::new();
            for order in ledger.orders.values().filter(|order| order.state == State::Sold) {
                *bought.entry(order.buyer.clone()).or_default() += order.qty;
            }
            assert!(bought.values().all(|units| *units <= limit), "shard {shard}: {bought:?}");
            let is_home = |buyer: &Vec<u8>| home(buyer, self.shards.len()) == shard;
            assert!(bought.keys().all(is_home), "shard {shard}: {bought:?}");
        }
    }
}

const PREFIX: &str = "transfer:";
const BACK: &str = ":back";
