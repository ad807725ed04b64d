//! Purchases through a handle: sent again, and made once.

use std::time::Duration;

use seckill_client::{Client, NewSale, Outcome, Receipt, Seckill, State};

use crate::harness::conditions::ms;
use crate::harness::proxy::Proxy;
use crate::harness::server::Server;

/// A server whose link can fail, with a sale of ten.
struct Shop {
    server: Server,
    proxy: Proxy,
}

impl Shop {
    async fn open() -> Self {
        let server = Server::primary("").await;
        server.connect().await.seckill().create("sale", NewSale::new(10)).await.unwrap();
        Self { proxy: Proxy::to(&server).await, server }
    }

    /// A client on the link.
    fn client(&self) -> Client {
        Client::open(format!("redis://127.0.0.1:{}/", self.proxy.port())).unwrap()
    }

    async fn orders(&self) -> u64 {
        self.server.connect().await.seckill().info("sale").await.unwrap().orders
    }
}

fn is_sold(receipt: &Receipt) -> bool {
    receipt.outcome == Outcome::Order(State::Sold) && receipt.is_accepted()
}

/// Wherever the connection breaks, in the request or in the reply, the purchase is made once.
#[tokio::test]
async fn is_made_once_wherever_the_connection_breaks() {
    let shop = Shop::open().await;
    let client = shop.client();
    let sale = client.sale("sale");
    // `*4 $11 SECKILL.BUY $4 sale $3 ann $2 o1` and `+SOLD`, with all line ends.
    const REQUEST: usize = 57;
    const REPLY: usize = 7;
    for bytes in 0..REQUEST {
        sale.info().await.unwrap();
        shop.proxy.cut_requests_after(bytes);
        assert!(is_sold(&sale.buy("ann").order("o1").await.unwrap()), "{bytes}");
    }
    for bytes in 0..REPLY {
        let order = format!("o{bytes}");
        sale.info().await.unwrap();
        shop.proxy.cut_replies_after(bytes);
        assert!(is_sold(&sale.buy("ann").order(order).await.unwrap()), "{bytes}");
    }
    assert_eq!(shop.orders().await, REPLY as u64);
}

/// A purchase whose replies are all lost may exist; made again with the id of its receipt it does, once.
#[tokio::test]
async fn whose_end_is_not_known_can_be_made_again() {
    let shop = Shop::open().await;
    let client = shop.client();
    client.sale("sale").info().await.unwrap();
    shop.proxy.mute();
    let receipt = client.clone().within(ms(100)).sale("sale").buy("ann").qty(2).await.unwrap();
    assert_eq!(receipt.outcome, Outcome::Unknown);
    assert!(!receipt.is_accepted());
    shop.proxy.mend();
    let again = client.sale("sale").buy("ann").order(receipt.order).qty(2).await.unwrap();
    assert!(is_sold(&again));
    assert_eq!(shop.orders().await, 1);
}

/// A purchase that was never sent has failed.
#[tokio::test]
async fn that_cannot_be_sent_is_an_error() {
    let shop = Shop::open().await;
    shop.proxy.cut();
    let client = shop.client().within(Duration::from_millis(200));
    let error = client.sale("sale").buy("ann").await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
}
