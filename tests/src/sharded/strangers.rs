//! What does not belong to the sale, and who may not move its units.

use seckill_client::{Client, Code, Outcome, Receipt, Refusal};

use super::homes::buyers_at;
use super::shop::Shop;
use super::stage::{JOURNAL, SALE};
use crate::harness::conditions::PATIENCE;

fn is_sold_out(receipt: &Receipt) -> bool {
    receipt.outcome == Outcome::Refused(Refusal::SoldOut) && receipt.is_final
}

/// Entries that are no transfers of the sale, more than are read at once, hide none and keep nobody from anything.
#[tokio::test]
async fn entries_of_others_are_passed_over() {
    let mut shop = Shop::open(4, 5).await;
    let foreign = "transfer:0:9:1:0f8fad5b-d9cb-469f-a165-708677289501";
    for stream in [JOURNAL.to_owned(), format!("{JOURNAL}:done")] {
        shop.ask(&format!("XADD {stream} * note x")).await;
        for _ in 0..1_000 {
            shop.ask(&format!("XADD {stream} * transfer {foreign}")).await;
        }
    }
    let begun = "transfer:0:1:2:0f8fad5b-d9cb-469f-a165-708677289501";
    shop.ask(&format!("XADD {JOURNAL} * transfer {begun}")).await;
    let balanced = shop.sale.balancer().round().await.unwrap();
    assert_eq!((balanced.finished, balanced.open), (1, vec![]));
    assert_eq!(shop.available().await, [3, 7, 5, 5]);

    let mut buyers = buyers_at(&[2], 4);
    assert!(shop.sale.buy(&buyers.next().unwrap()).qty(20).await.unwrap().is_accepted());
    let receipt = shop.sale.buy(&buyers.next().unwrap()).order("o1").await.unwrap();
    assert!(is_sold_out(&receipt), "{receipt:?}");
}

/// A user who may buy, and not move units, gets what is left at home.
#[tokio::test]
async fn who_may_not_move_units_buys_at_home() {
    let mut shop = Shop::open(4, 1).await;
    let rules = format!("~{{{SALE}:* %R~{SALE} +seckill.buy +seckill.info +hgetall +hello +client +ping");
    assert_eq!(shop.ask(&format!("ACL SETUSER eve on nopass resetkeys -@all {rules}")).await, "OK");
    let url = format!("redis://eve:any@127.0.0.1:{}/", shop.server.port());
    let sale = Client::open(url).unwrap().within(PATIENCE).sharded(SALE).await.unwrap();
    let mut buyers = buyers_at(&[2], 4);
    assert!(sale.buy(&buyers.next().unwrap()).await.unwrap().is_accepted());
    let receipt = sale.buy(&buyers.next().unwrap()).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Refused(Refusal::SoldOut));
    assert_eq!(shop.available().await, [1, 1, 0, 1]);
}

/// A user who may not read the directory is told so, and not that the sale is an ordinary one.
#[tokio::test]
async fn who_may_not_read_the_directory_is_told() {
    let mut shop = Shop::open(2, 1).await;
    let rules = format!("~{{{SALE}:* ~{SALE} +seckill.buy +seckill.info +hello +client +ping");
    assert_eq!(shop.ask(&format!("ACL SETUSER eve on nopass resetkeys -@all {rules}")).await, "OK");
    let url = format!("redis://eve:any@127.0.0.1:{}/", shop.server.port());
    let error = Client::open(url).unwrap().sharded(SALE).await.unwrap_err().to_string();
    assert!(error.contains("hgetall"), "{error}");
}

/// A transfer of a sale with more shards is not begun here, where nobody could finish it.
#[tokio::test]
async fn a_transfer_of_another_sale_is_not_finished() {
    let mut shop = Shop::open(2, 1).await;
    let foreign = "transfer:0:9:1:0f8fad5b-d9cb-469f-a165-708677289501".parse().unwrap();
    let error = shop.sale.finish(&[foreign]).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Err), "{error}");
    assert_eq!(shop.under_way().await, 0);
}
