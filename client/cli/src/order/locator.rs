//! Where an order is: in which shard of a sale.

use futures_util::future::join_all;
use seckill_client::{Error, Order, Sale, State};

use crate::exit::Failure;
use crate::names::Name;
use crate::servers::{AnySale, Connector, Servers};
use crate::shard_failures::{Numbers, Replies};

const NAME_BUYER: &str = "name the buyer by --buyer: then only the shard of the buyer is asked";

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

/// An order, and the shard that has it.
type Found = (Sale<Connector>, Order);

impl Locator {
    /// The id of the order.
    pub(super) fn id(&self) -> &str {
        &self.order
    }

    /// Does something to the order in the shard that has it. An ordinary sale is not asked first.
    pub(super) async fn settle(
        &self,
        servers: &Servers,
        act: impl AsyncFnOnce(Sale<Connector>) -> Result<State, Error>,
    ) -> Result<State, Failure> {
        let sale = servers.sale(&self.sale).await?;
        if sale.is_ordinary() && self.buyer.is_none() {
            return Ok(act(sale.home("")).await?);
        }
        let shard = self.find(&sale).await?.0;
        let key = shard.key().to_owned();
        act(shard).await.map_err(|error| in_shard(&sale, &key, error))
    }

    /// The order.
    pub(super) async fn order(&self, servers: &Servers) -> Result<Order, Failure> {
        Ok(self.find(&servers.sale(&self.sale).await?).await?.1)
    }

    async fn find(&self, sale: &AnySale) -> Result<Found, Failure> {
        let found = match &self.buyer {
            Some(buyer) => self.at_home(sale, sale.home(buyer)).await?,
            None => self.anywhere(sale).await?,
        };
        self.only(found.into_iter().filter(|(_, order)| self.is_of(order)).collect())
    }

    async fn at_home(&self, sale: &AnySale, home: Sale<Connector>) -> Result<Vec<Found>, Failure> {
        let order = home.order(&self.order).await.map_err(|error| in_shard(sale, home.key(), error))?;
        Ok(order.into_iter().map(|order| (home.clone(), order)).collect())
    }

    /// In all shards. One that does not answer may have it, too.
    async fn anywhere(&self, sale: &AnySale) -> Result<Vec<Found>, Failure> {
        let shards = sale.shards();
        let replies = Replies::of(join_all(shards.iter().map(|shard| shard.order(&self.order))).await);
        if let Some(failure) = replies.failure() {
            return Err(if sale.is_ordinary() { failure } else { failure.advising(NAME_BUYER) });
        }
        let found =
            replies.done.into_iter().filter_map(|(shard, order)| Some((shards[shard].clone(), order?)));
        Ok(found.collect())
    }

    fn is_of(&self, order: &Order) -> bool {
        self.buyer.as_ref().is_none_or(|buyer| buyer.as_bytes() == order.buyer)
    }

    /// Ids are unique in a shard only.
    fn only(&self, mut found: Vec<Found>) -> Result<Found, Failure> {
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

/// What failed in one shard of a sale.
fn in_shard(sale: &AnySale, key: &[u8], error: Error) -> Failure {
    let shards = sale.shards();
    match shards.iter().position(|shard| shard.key() == key) {
        Some(number) if !sale.is_ordinary() => Failure::from(error).of(Numbers(&[number])),
        _ => error.into(),
    }
}
