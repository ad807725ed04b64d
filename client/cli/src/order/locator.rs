//! Where an order is: in which shard of a sale.

use futures_util::future::try_join_all;
use seckill_client::{Order, Sale};

use crate::any_sale::is_ordinary;
use crate::exit::Failure;
use crate::names::Name;
use crate::servers::{AnySale, Connector, Servers};

/// An order of a sale, as arguments name it.
#[derive(clap::Args)]
pub(super) struct Locator {
    /// The key of the sale
    sale: String,
    /// The id of the order
    order: String,
    /// Whose order it is. Without it all shards of a sale are asked
    #[arg(long)]
    buyer: Option<String>,
}

impl Locator {
    /// The id of the order.
    pub(super) fn id(&self) -> &str {
        &self.order
    }

    /// The shard that has the order. An ordinary sale is not asked.
    pub(super) async fn shard(&self, servers: &Servers) -> Result<Sale<Connector>, Failure> {
        let sale = servers.sale(&self.sale).await?;
        if is_ordinary(&sale) && self.buyer.is_none() {
            return Ok(sale.home(""));
        }
        Ok(self.find(&sale).await?.0)
    }

    /// The order.
    pub(super) async fn order(&self, servers: &Servers) -> Result<Order, Failure> {
        Ok(self.find(&servers.sale(&self.sale).await?).await?.1)
    }

    async fn find(&self, sale: &AnySale) -> Result<(Sale<Connector>, Order), Failure> {
        let shards = self.buyer.as_ref().map_or_else(|| sale.shards(), |buyer| vec![sale.home(buyer)]);
        let reads = shards.into_iter().map(async |shard| {
            let order = shard.order(&self.order).await?;
            Ok::<_, Failure>(order.map(|order| (shard, order)))
        });
        let found = try_join_all(reads).await?.into_iter().flatten();
        self.only(found.filter(|(_, order)| self.is_of(order)).collect())
    }

    fn is_of(&self, order: &Order) -> bool {
        self.buyer.as_ref().is_none_or(|buyer| buyer.as_bytes() == order.buyer)
    }

    /// Ids are unique in a shard only.
    fn only(&self, mut found: Vec<(Sale<Connector>, Order)>) -> Result<(Sale<Connector>, Order), Failure> {
        let [sale, order] = [&self.sale, &self.order].map(|name| Name(name.as_bytes()));
        if found.len() > 1 {
            let buyers: Vec<_> = found.iter().map(|(_, order)| Name(&order.buyer).to_string()).collect();
            let text = format!("{sale} has several orders {order}: name the buyer by --buyer: ");
            return Err(Failure::Usage(text + &buyers.join(", ")));
        }
        let missing = || match &self.buyer {
            Some(buyer) => format!("{sale} has no order {order} of {}", Name(buyer.as_bytes())),
            None => format!("{sale} has no order {order}"),
        };
        found.pop().ok_or_else(|| Failure::Refused(missing()))
    }
}
