//! What a user needs for durable purchases.

use seckill_client::{Client, Durability};

use super::pair::Pair;
use crate::harness::conditions::PATIENCE;
use crate::harness::session::play;

/// The commands are enough, with the pattern of the sales.
#[tokio::test]
async fn the_lock_beside_the_sale_is_in_its_pattern() {
    let pair = Pair::start("").await;
    let session = "
        ACL SETUSER shop on >secret ~sale* +seckill.buy +seckill.order +seckill.lock +seckill.unlock +wait +client => OK
        ACL SETUSER till on >secret ~sale* +seckill.buy +seckill.order +wait +client => OK
    ";
    play(&mut pair.primary.connect().await, session).await;
    let client = |user| Client::open(format!("redis://{user}:secret@127.0.0.1:{}/", pair.primary.port()));
    let shop = client("shop").unwrap().sale("sale").durable(1, PATIENCE);
    assert!(shop.buy("ann").await.unwrap().is_durable());
    let till = client("till").unwrap().sale("sale").durable(1, PATIENCE);
    let bought = till.buy("ann").await.unwrap();
    assert!(bought.receipt.is_accepted());
    let Some(Durability::Unavailable(error)) = bought.durability else { panic!("{bought:?}") };
    assert!(error.to_string().contains("no permissions"), "{error}");
}
