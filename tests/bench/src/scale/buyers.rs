//! Who buys, and where they are at home.

use std::collections::HashMap;
use std::sync::Arc;

use seckill_client::ShardedSale;
use seckill_client::connect::Connect;

use crate::names;

/// The shards at which all buyers of a skewed sale are at home.
const SKEWED: [usize; 2] = [0, 8];

/// Where buyers are at home.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) enum Homes {
    /// By their hashes.
    Uniform,
    /// In two shards.
    InTwoShards,
}

/// So many of them.
pub(super) fn buyers<C: Connect>(sale: &ShardedSale<C>, homes: Homes, count: u64) -> Arc<[String]> {
    let is_welcome = |buyer: &String| match homes {
        Homes::Uniform => true,
        Homes::InTwoShards => {
            let (home, shards) = (sale.home(buyer), sale.shards());
            SKEWED.iter().any(|shard| shards.get(*shard).is_some_and(|shard| shard.key() == home.key()))
        }
    };
    (0..).map(names::buyer).filter(is_welcome).take(count as usize).collect()
}

/// The number of the home of each buyer.
pub(super) fn homes<C: Connect>(sale: &ShardedSale<C>, buyers: &[String]) -> Vec<usize> {
    let numbers: HashMap<Vec<u8>, usize> =
        sale.shards().iter().map(|shard| shard.key().to_vec()).zip(0..).collect();
    buyers.iter().map(|buyer| numbers[sale.home(buyer).key()]).collect()
}
