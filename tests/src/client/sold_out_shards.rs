//! Sales of many shards of which none has a unit left.

use seckill_client::{NewSale, Outcome, Refusal};

use super::link::{Link, calls};
use crate::harness::conditions::HOUR;

/// When a sale is sold out all processes look for units at once, and find none. They do not wait for each other: not for the
/// lock of those who move units.
#[tokio::test]
async fn are_known_to_be_sold_out_without_the_lock_of_the_movers() {
    let mut link = Link::start().await;
    let sale = link.client().create_sharded("bottles", 4, NewSale::new(1)).await.unwrap();
    assert!(sale.buy("ann").await.unwrap().is_accepted());
    let _guard = link.client().lock("{bottles}:mover").acquire(HOUR).await.unwrap().unwrap();
    let locks = calls(&mut link.connection, "seckill.lock").await;
    for process in 0..3 {
        let other = link.client().sharded("bottles").await.unwrap();
        let refused = other.buy("bob").order(format!("o{process}")).await.unwrap();
        assert_eq!(refused.outcome, Outcome::Refused(Refusal::SoldOut));
    }
    assert_eq!(calls(&mut link.connection, "seckill.lock").await, locks);
}

/// Who does not get that lock moves units without it.
#[tokio::test]
async fn sell_while_another_keeps_the_lock_of_the_movers() {
    let link = Link::start().await;
    let sale = link.client().create_sharded("bottles", 4, NewSale::new(9)).await.unwrap();
    let _guard = link.client().lock("{bottles}:mover").acquire(HOUR).await.unwrap().unwrap();
    for order in 0..9 {
        let receipt = sale.buy("ann").order(format!("o{order}")).await.unwrap();
        assert!(receipt.is_accepted(), "{receipt:?}");
    }
    let refused = sale.buy("ann").order("another").await.unwrap();
    assert_eq!(refused.outcome, Outcome::Refused(Refusal::SoldOut));
}
