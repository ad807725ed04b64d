//! Processes that balance a sale all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use seckill_client::ShardedSale;
use seckill_client::connect::Connect;
use tokio::task::JoinSet;

use crate::harness::conditions::ms;

pub(super) struct Balancers {
    at_work: JoinSet<usize>,
    is_closing: Arc<AtomicBool>,
}

impl Balancers {
    /// One in each process. Where servers fail, rounds may.
    pub(super) fn of<C: Connect>(sales: Vec<ShardedSale<C>>, may_fail: bool) -> Self {
        let is_closing = Arc::new(AtomicBool::new(false));
        let mut at_work = JoinSet::new();
        for sale in sales {
            at_work.spawn(balance(sale, may_fail, is_closing.clone()));
        }
        Self { at_work, is_closing }
    }

    /// Waits for their last rounds: how many transfers they made and finished.
    pub(super) async fn leave(self) -> usize {
        self.is_closing.store(true, Relaxed);
        self.at_work.join_all().await.into_iter().sum()
    }
}

async fn balance<C: Connect>(sale: ShardedSale<C>, may_fail: bool, is_closing: Arc<AtomicBool>) -> usize {
    let mut balancer = sale.balancer();
    let mut transfers = 0;
    while !is_closing.load(Relaxed) {
        match balancer.round().await {
            Ok(balanced) => transfers += balanced.moved.len() + balanced.finished,
            Err(error) => assert!(may_fail, "{error}"),
        }
        tokio::time::sleep(ms(fastrand::u64(..20))).await;
    }
    transfers
}
