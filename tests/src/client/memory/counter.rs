//! A sale that a client remembers, and what its server sees of it.

use seckill_client::{NewSale, Outcome, Refusal, RememberingSale, Sale};

use super::super::link::{Link, calls};
use crate::harness::conditions::{HOUR, wait_until};

/// A sale behind a link, a handle that remembers it, and one beside that on the server itself.
pub(super) struct Counter {
    pub(super) link: Link,
    pub(super) sale: RememberingSale,
    /// Does what others do, whose calls the handle does not see.
    pub(super) others: Sale,
}

impl Counter {
    pub(super) async fn with(sale: NewSale) -> Self {
        let link = Link::start().await;
        let url = format!("redis://127.0.0.1:{}/", link.server.port());
        let others = seckill_client::Client::open(url).unwrap().sale("sale");
        others.create(sale).await.unwrap();
        Self { sale: link.client().sale("sale").remembering(), others, link }
    }

    /// A sale whose unit is held by order `o1`, and the client knows that nothing is left.
    pub(super) async fn sold_out() -> Self {
        let mut counter = Self::with(NewSale::new(1).hold(HOUR)).await;
        assert!(counter.others.buy("bob").order("o1").await.unwrap().is_accepted());
        counter.learn().await;
        counter
    }

    /// Is refused until the client knows why.
    pub(super) async fn learn(&mut self) {
        let sale = &self.sale;
        wait_until("the client knows that nothing is left", async || {
            let receipt = sale.buy("ann").await.unwrap();
            assert_eq!(receipt.outcome, Outcome::Refused(Refusal::SoldOut));
            sale.known_refusal(1) == Some(Refusal::SoldOut)
        })
        .await;
    }

    /// How many purchases the server has decided.
    pub(super) async fn purchases(&mut self) -> u64 {
        calls(&mut self.link.connection, "seckill.buy").await
    }
}
