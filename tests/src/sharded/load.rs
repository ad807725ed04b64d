//! A crowd that is at home on two shards of sixteen buys the stock of all.

use seckill_client::NewSale;

use super::crowd::{Crowd, LIMIT};
use super::reader::Reader;
use super::stage::Stage;
use crate::harness::conditions::ms;

const SHARDS: usize = 16;
const HOMES: &[usize] = &[3, 12];
const PROCESSES: usize = 4;
const STOCK: u64 = 300;

/// While holds expire and orders are cancelled, units come back; while it sells it is restocked, and units are taken away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_stock_is_sold_exactly() {
    let sale = NewSale::new(STOCK).hold(ms(300)).limit(LIMIT);
    let mut stage = Stage::open("", SHARDS, sale).await;
    let sale = stage.sale.clone();
    let mut reader = Reader::of(&sale);
    let crowd = Crowd::of(stage.processes(PROCESSES).await, HOMES);
    let sold_out = async {
        let mut stock = STOCK as i64;
        for (number, delta) in [40, -25, 60, 7].into_iter().enumerate() {
            let id = format!("delivery-{number}");
            crowd.wait_for_orders(60).await;
            // A repeated one counts once.
            for _ in 0..2 {
                sale.restock(delta, &id).await.unwrap();
            }
            stock += delta;
        }
        crowd.buy_all(&sale, stock as u64).await;
        stock
    };
    let stock = reader.during(sold_out).await;
    let acknowledged = crowd.leave().await;

    let books = stage.books().await;
    assert_eq!(books.stock(), stock);
    books.must_be_sold_out(LIMIT);
    acknowledged.must_be_in(&books);
    reader.must_have(&books).await;
    assert_eq!(stage.under_way().await, 0);
    let info = sale.info().await.unwrap();
    assert_eq!((info.available, info.held, info.sold as i64, info.under_way), (0, 0, stock, 0));
    // The crowd needed what was elsewhere.
    assert!(books.transfers().len() > SHARDS / 2, "{} transfers", books.transfers().len());
}
