//! Sales of many orders, decided in this process and applied like events of a primary.

use seckill_core::protocol::{Buy, Name, Request, Seq};

use crate::harness::conditions::now_ms;
use crate::harness::local_sale::LocalSale;
use crate::harness::names::{scatter, uuid};
use crate::harness::server::Connection;
use crate::harness::session::play;

/// A sale of so many orders, each held and then confirmed. `name` makes an order's id and its buyer.
pub(super) fn sale(orders: u64, name: impl Fn(u64) -> (Vec<u8>, Vec<u8>)) -> LocalSale {
    let mut local = LocalSale::open(now_ms(), &format!("STOCK {} HOLD 600000", orders * 2));
    for number in 0..orders {
        let (order, buyer) = &name(number);
        let order = Name::new("order", order).unwrap();
        let buyer = Name::new("buyer", buyer).unwrap();
        local.decide(&Request::Buy(Buy { buyer, order, qty: 1, guard: None }));
        local.decide(&Request::Confirm { order });
    }
    local
}

/// An order's id and its buyer: a UUID, and a name of 12 bytes.
pub(super) fn usual(number: u64) -> (Vec<u8>, Vec<u8>) {
    let buyer = format!("{:012x}", scatter(number / 2) >> 16);
    (uuid(number).into_bytes(), buyer.into_bytes())
}

/// An order's id and its buyer, both of the greatest length and of random bytes.
pub(super) fn longest(number: u64) -> (Vec<u8>, Vec<u8>) {
    let name = |first: u64| (first..first + 16).flat_map(|part| scatter(part).to_le_bytes()).collect();
    (name(number * 32), name(number * 32 + 16))
}

/// Applies a sale to a key.
pub(super) async fn send(connection: &mut Connection, key: &str, local: &LocalSale) {
    play(connection, "CONFIG SET seckill.apply-from-clients yes => OK").await;
    let (mut after, mut batch) = (Seq(0), Vec::new());
    while let Some(last) = local.sale.snapshot_part(after, &mut batch) {
        redis::cmd("SECKILL.APPLY").arg(key).arg(&batch).exec_async(connection).await.unwrap();
        after = last;
    }
    play(connection, "CONFIG SET seckill.apply-from-clients no => OK").await;
}
