//! A sale of many shards is created, restocked and deleted, and what was interrupted is finished by repeating it.

use seckill_client::{Code, Error, NewSale};

use super::homes::buyers_at;
use super::shop::Shop;
use super::stage::{MOVER, SALE};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code().unwrap()
}

/// It may end after any shard; the directory is completed last.
#[tokio::test]
async fn a_creation_that_was_interrupted_is_finished_by_repeating_it() {
    let mut shop = Shop::open(4, 5).await;
    let new = NewSale::new(20);
    for created in 0..=4 {
        // As it is after so many shards were created, and the directory was not completed.
        for field in ["0", "1", "2", "3", "hash", "journal", "done"] {
            assert_eq!(shop.ask(&format!("HDEL {SALE} {field}")).await, "1");
        }
        for shard in created..4 {
            let key = shop.key(shard);
            assert_eq!(shop.ask(&format!("DEL {key}")).await, "1");
        }
        assert_eq!(code(shop.client.sharded(SALE).await), Code::NoSale);
        assert_eq!(code(shop.client.create_sharded(SALE, 5, new).await), Code::BusyKey);
        let sale = shop.client.create_sharded(SALE, 4, new).await.unwrap();
        assert_eq!(sale.shards().len(), 4);
        assert_eq!(shop.available().await, [5; 4], "{created} were there");
    }
    // While it sells nothing changes.
    let buyer = buyers_at(&[2], 4).next().unwrap();
    assert!(shop.sale.buy(&buyer).qty(9).await.unwrap().is_accepted());
    let before = shop.available().await;
    shop.client.create_sharded(SALE, 4, new).await.unwrap();
    assert_eq!(shop.available().await, before);
    assert_eq!(code(shop.client.create_sharded(SALE, 4, NewSale::new(21)).await), Code::BusyKey);
}

/// Two processes create it at once: it is one sale.
#[tokio::test]
async fn who_creates_it_at_once_creates_one() {
    let mut shop = Shop::open(4, 5).await;
    shop.sale.delete().await.unwrap();
    let others = [shop.another_client(), shop.another_client()];
    let [one, other] = others.each_ref().map(|client| client.create_sharded(SALE, 16, NewSale::new(40)));
    let (one, other) = tokio::join!(one, other);
    let (one, other) = (one.unwrap(), other.unwrap());
    let keys = |sale| super::stage::keys(sale);
    assert_eq!(keys(&one), keys(&other));
    assert_eq!(one.info().await.unwrap().available, 40);
    shop.sale = one;
    shop.must_be_settled().await;
}

/// A deletion may fail after any shard. Late commands of the old sale find none, also when it is created anew.
#[tokio::test]
async fn a_deletion_that_was_interrupted_is_finished_by_repeating_it() {
    let mut shop = Shop::open(4, 5).await;
    for deleted in 0..=4 {
        let buyer = buyers_at(&[2], 4).next().unwrap();
        assert!(shop.sale.buy(&buyer).order("o1").qty(9).await.unwrap().is_accepted());
        for shard in 0..deleted {
            let key = shop.key(shard);
            assert_eq!(shop.ask(&format!("DEL {key}")).await, "1");
        }
        let again = shop.client.sharded(SALE).await.unwrap();
        again.delete().await.unwrap();
        assert_eq!(shop.ask("DBSIZE").await, "0", "{deleted} were deleted");
        let anew = shop.client.create_sharded(SALE, 4, NewSale::new(20)).await.unwrap();
        assert_eq!(code(shop.sale.buy(&buyer).order("o2").await), Code::NoSale);
        assert_eq!(code(shop.sale.restock(1, "late").await), Code::NoSale);
        assert_eq!(anew.info().await.unwrap().available, 20);
        shop.sale = anew;
    }
}

/// Who deletes it late, by an old handle, does not harm the one that was created anew.
#[tokio::test]
async fn a_late_deletion_leaves_the_new_sale() {
    let shop = Shop::open(4, 5).await;
    shop.client.delete_sharded(SALE).await.unwrap();
    shop.client.create_sharded(SALE, 4, NewSale::new(20)).await.unwrap();
    shop.sale.delete().await.unwrap();
    let sale = shop.client.sharded(SALE).await.unwrap();
    assert_eq!(sale.info().await.unwrap().available, 20);
}

/// Who moves units next does not wait for who did so before.
#[tokio::test]
async fn the_lock_of_the_movers_is_released_before_the_answer() {
    let mut shop = Shop::open(4, 0).await;
    shop.sale.restock(40, "delivery-1").await.unwrap();
    assert_eq!(shop.ask(&format!("EXISTS {MOVER}")).await, "0");
}

/// A delivery is in all shards, also when these have units.
#[tokio::test]
async fn a_restocking_is_spread_evenly() {
    let shop = Shop::open(4, 5).await;
    shop.sale.restock(40, "delivery-1").await.unwrap();
    assert_eq!(shop.available().await, [15; 4]);
    shop.sale.restock(-32, "broken").await.unwrap();
    assert_eq!(shop.available().await, [7; 4]);
}

/// One that was begun may be deleted in place of being finished.
#[tokio::test]
async fn a_creation_that_was_interrupted_can_be_deleted() {
    let mut shop = Shop::open(4, 5).await;
    for field in ["0", "1", "2", "3", "hash", "journal", "done"] {
        assert_eq!(shop.ask(&format!("HDEL {SALE} {field}")).await, "1");
    }
    shop.client.delete_sharded(SALE).await.unwrap();
    assert_eq!(shop.ask("DBSIZE").await, "0");
    // Before the number of its shards was written.
    assert_eq!(shop.ask(&format!("HSET {SALE} salt 7")).await, "1");
    shop.client.delete_sharded(SALE).await.unwrap();
    assert_eq!(shop.ask("DBSIZE").await, "0");
    assert_eq!(code(shop.client.delete_sharded(SALE).await), Code::NoSale);
}

#[tokio::test]
async fn what_is_no_sale_is_neither_changed_nor_deleted() {
    let mut shop = Shop::open(1, 0).await;
    shop.ask("HSET user name ann").await;
    shop.ask("SET note x").await;
    for key in ["user", "note"] {
        assert!(shop.client.create_sharded(key, 4, NewSale::new(4)).await.is_err());
        assert!(shop.client.delete_sharded(key).await.is_err());
    }
    assert_eq!(shop.ask("HLEN user").await, "1");
    assert_eq!(shop.ask("STRLEN note").await, "1");
}

/// A shard that is gone had units, which must not be sold again.
#[tokio::test]
async fn a_sale_that_lost_a_shard_is_not_filled_up() {
    let mut shop = Shop::open(4, 5).await;
    let key = shop.key(2);
    assert_eq!(shop.ask(&format!("DEL {key}")).await, "1");
    assert_eq!(code(shop.client.create_sharded(SALE, 4, NewSale::new(20)).await), Code::NoSale);
    assert_eq!(shop.ask(&format!("EXISTS {key}")).await, "0");
}

#[tokio::test]
async fn an_id_of_a_transfer_is_not_one_of_a_delivery() {
    let shop = Shop::open(2, 5).await;
    let id = "transfer:0:1:4:0f8fad5b-d9cb-469f-a165-708677289501";
    assert_eq!(code(shop.sale.restock(4, id).await), Code::Err);
}

/// A restocking counts once by its id, in all shards together, and stands for one number of units.
#[tokio::test]
async fn a_restocking_counts_once() {
    let mut shop = Shop::open(4, 5).await;
    for _ in 0..2 {
        assert_eq!(shop.sale.restock(8, "delivery-1").await.unwrap(), 28);
        assert_eq!(shop.another().await.restock(8, "delivery-1").await.unwrap(), 28);
    }
    assert_eq!(code(shop.sale.restock(9, "delivery-1").await), Code::Mismatch);
    assert_eq!(code(shop.sale.restock(-8, "delivery-1").await), Code::Mismatch);
    // More than any shard has; and more than all have.
    for _ in 0..2 {
        assert_eq!(shop.sale.restock(-22, "broken-1").await.unwrap(), 6);
    }
    assert_eq!(code(shop.sale.restock(-7, "broken-2").await), Code::NoStock);
    assert_eq!(code(shop.sale.restock(-1_000_000, "broken-3").await), Code::NoStock);
    assert_eq!(shop.sale.restock(-6, "broken-2").await.unwrap(), 0);
    let books = shop.books().await;
    assert_eq!(books.stock(), 0);
    shop.must_be_settled().await;
}

/// A deletion that is repeated late leaves a sale alone that is being created anew under the name.
#[tokio::test]
async fn a_deletion_leaves_the_next_sale_alone() {
    let mut shop = Shop::open(2, 5).await;
    let old = shop.sale.clone();
    old.delete().await.unwrap();
    // As it is in the course of a creation.
    assert_eq!(shop.ask(&format!("HSET {SALE} salt 7 shards 4")).await, "2");
    old.delete().await.unwrap();
    let sale = shop.client.create_sharded(SALE, 4, NewSale::new(8)).await.unwrap();
    old.delete().await.unwrap();
    assert_eq!(shop.another().await.info().await.unwrap().available, 8);
    sale.delete().await.unwrap();
    assert_eq!(shop.ask("DBSIZE").await, "0");
}
