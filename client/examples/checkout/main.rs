//! A shop that sells a hundred bottles, on the server that is named: `cargo run --example checkout -- redis://127.0.0.1/`.
//!
//! `handler.rs` answers a request, and `shipper.rs` ships what was sold. Both are meant to be copied.

mod handler;
mod shipper;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use seckill_client::{Client, NewSale};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use handler::Checkout;

const BOTTLES: u64 = 100;
const BUYERS: u64 = 150;
const SALE: &str = "{bottles}";
const LOCK: &str = "{bottles}:checkout";
const LEASE: Duration = Duration::from_secs(2);
/// A buyer does not wait longer.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1/".to_owned());
    let client = Client::open(url)?;
    let sale = client.sale(SALE);
    sale.create(NewSale::new(BOTTLES).limit(1)).await?;
    let shipper = tokio::spawn(shipper::ship(sale.clone(), BOTTLES));

    let checkout = Arc::new(Checkout::new(&client, SALE, LOCK, LEASE));
    let mut requests = JoinSet::new();
    for buyer in 0..BUYERS {
        let checkout = checkout.clone();
        requests.spawn(async move {
            let (buyer, order) = (format!("buyer-{buyer}"), format!("order-{buyer}"));
            checkout.handle(&buyer, &order, is_allowed(&buyer), Instant::now() + PATIENCE).await
        });
    }
    while let Some(response) = requests.join_next().await {
        println!("answered: {:?}", response??);
    }
    println!("shipped: {}", shipper.await??);
    Ok(())
}

/// The user service: it allows every buyer, and now and then it is slow.
async fn is_allowed(buyer: &str) -> bool {
    let is_slow = buyer.ends_with("00");
    sleep(Duration::from_millis(if is_slow { 3_000 } else { 5 })).await;
    true
}
