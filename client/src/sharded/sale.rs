//! A sale of many shards, as a handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use seckill_core::protocol::{self, Code};
use tokio::time::Instant;

use super::directory::{delete, unlink};
use super::even_out::spread;
use super::layout::Layout;
use super::mover::{Answer, Mover};
use super::remote::Remote;
use super::replicas::Replicas;
use super::search::{Search, unsure};
use super::transfer::PREFIX;
use crate::call::timed_out;
use crate::client::Client;
use crate::connect::Connect;
use crate::durable::{Demand, LONGEST};
use crate::error::{Error, Result};
use crate::lock::Lock;
use crate::memory::Memory;
use crate::options::Alteration;
use crate::reply::Order;
use crate::sale::Sale;
use crate::words::Refusal;

/// A sale of many shards, each an ordinary sale on some server of a cluster. A buyer has all orders in one of them, the
/// home shard; when that has too few units and others have enough, units are moved there. So buyers see one sale.
///
/// An ordinary sale is one of a single shard, at its own key.
///
/// Keep one for a process: its clones share what they know.
///
/// ```no_run
/// # async fn example(client: seckill_client::Client) -> seckill_client::Result<()> {
/// use seckill_client::NewSale;
///
/// let sale = client.create_sharded("bottles", 16, NewSale::new(100_000).limit(2)).await?;
/// let receipt = sale.buy("ann").order("order-1").qty(2).await?;
/// println!("{:?}", receipt.outcome);
/// println!("{}", sale.home("ann").confirm("order-1").await?);
/// # Ok(())
/// # }
/// ```
pub struct ShardedSale<C: Connect = redis::Client> {
    client: Client<C>,
    shared: Arc<Shared<C>>,
}

struct Shared<C: Connect> {
    layout: Layout,
    search: Search<Remote<C>>,
    memory: Memory<C>,
}

impl<C: Connect> ShardedSale<C> {
    pub(super) fn new(client: &Client<C>, layout: Layout) -> Self {
        let search = Search::new(Remote::new(client, &layout, None));
        let memory = Memory::new(client, layout.shards().to_vec());
        Self { client: client.clone(), shared: Arc::new(Shared { layout, search, memory }) }
    }

    /// The same sale, whose transfers wait for replicas after each step.
    pub(super) fn waiting_for(&self, replicas: u32, timeout: Duration) -> Self {
        let (layout, memory) = (self.layout().clone(), self.memory().clone());
        let demand = Demand { replicas, fsynced: false };
        let replicas = Replicas::new(demand, timeout.min(LONGEST));
        let search = Search::new(Remote::new(&self.client, &layout, Some(replicas)));
        Self { client: self.client.clone(), shared: Arc::new(Shared { layout, search, memory }) }
    }

    /// Its key.
    ///
    /// ```no_run
    /// # fn example(sale: &seckill_client::ShardedSale) {
    /// println!("{}", String::from_utf8_lossy(sale.key()));
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.layout().name()
    }

    /// Whether it is a sale without a directory: its only shard has its own key.
    ///
    /// ```no_run
    /// # fn example(sale: &seckill_client::ShardedSale) {
    /// assert!(!sale.is_ordinary() || sale.shards()[0].key() == sale.key());
    /// # }
    /// ```
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        self.layout().is_ordinary()
    }

    /// Its shards, in the order of their numbers.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// for shard in sale.shards() {
    ///     println!("{shard:?}: {} left", shard.info().await?.available);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn shards(&self) -> Vec<Sale<C>> {
        self.layout().shards().iter().map(|shard| self.client.sale(shard.as_slice())).collect()
    }

    /// The shard that has all orders of a buyer: to confirm or cancel them, and to read them.
    ///
    /// Buy by [`buy`](Self::buy): the home shard alone may have too few units.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// println!("{}", sale.home("ann").confirm("order-1").await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn home(&self, buyer: impl AsRef<[u8]>) -> Sale<C> {
        let layout = self.layout();
        self.client.sale(layout.shards()[layout.home(buyer.as_ref())].as_slice())
    }

    /// A lock of a buyer, on the server of the home shard, so that a purchase can be made [under](crate::Purchase::under)
    /// it.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> Result<(), Box<dyn std::error::Error>> {
    /// let lease = std::time::Duration::from_secs(10);
    /// if let Some(guard) = sale.lock("ann").acquire(lease).await? {
    ///     let receipt = sale.buy("ann").releasing(guard).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lock(&self, buyer: impl AsRef<[u8]>) -> Lock {
        let buyer = buyer.as_ref();
        self.client.lock([self.home(buyer).key(), b":lock:", buyer].concat())
    }

    /// An order whose buyer is not known, and the shard that has it. All shards are asked. Several buyers may have chosen
    /// the same id: then it is that of the first shard which has one.
    ///
    /// # Errors
    ///
    /// Those of [`Sale::order`].
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// if let Some((shard, order)) = sale.find("order-1").await? {
    ///     println!("{} units in {shard:?}", order.qty);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn find(&self, order: impl AsRef<[u8]>) -> Result<Option<(Sale<C>, Order)>> {
        let order = order.as_ref();
        let reads = self.shards().into_iter().map(|shard| async move {
            let found = shard.order(order).await?;
            Ok::<_, Error>(found.map(|order| (shard, order)))
        });
        let found = try_join_all(reads).await?;
        Ok(found.into_iter().flatten().next())
    }

    /// Why the sale refuses a new order of so many units, if that is known without a call: as
    /// [`RememberingSale::known_refusal`](crate::RememberingSale::known_refusal), of all shards.
    ///
    /// ```no_run
    /// # fn example(sale: &seckill_client::ShardedSale) {
    /// if let Some(why) = sale.known_refusal(1) {
    ///     println!("no order: {why}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn known_refusal(&self, qty: u32) -> Option<Refusal> {
        self.memory().refusal(qty)
    }

    /// Resolves when an order of so many units may be accepted again: as
    /// [`RememberingSale::changed`](crate::RememberingSale::changed), of all shards. Units may be under way between them: while
    /// the servers have not refused an order for certain this resolves after a second.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// sale.changed(1).await;
    /// let receipt = sale.buy("ann").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn changed(&self, qty: u32) {
        self.memory().changed(qty).await;
    }

    /// Changes the rules in all shards. After an error call it again: some may have the new rules.
    ///
    /// # Errors
    ///
    /// Those of [`Sale::alter`].
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// sale.alter(seckill_client::Alteration::new().limit(3)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn alter(&self, alteration: Alteration) -> Result<()> {
        let shards = self.shards();
        let alterations = join_all(shards.iter().map(|shard| shard.alter(alteration))).await;
        self.memory().forget();
        alterations.into_iter().collect()
    }

    /// Adds units, or takes them away when `delta` is negative: the units available then. It happens once for each `id`,
    /// however often it is called: in one shard. Then units are moved so that all shards have equally many.
    ///
    /// # Errors
    ///
    /// Those of [`Sale::restock`]: `NOSTOCK` when all shards together have less than would be taken. `ERR` when the id begins
    /// with `transfer:`. An error after the
    /// units were added leaves them in one shard, from which buyers of the others get them when they need them.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// let available = sale.restock(50, "delivery-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restock(&self, delta: i64, id: impl AsRef<[u8]>) -> Result<u64> {
        let id = id.as_ref();
        if id.starts_with(PREFIX) && !self.is_ordinary() {
            let message =
                "ids that begin with transfer: are those of transfers, so choose another one".to_owned();
            return Err(Error::Server { code: Code::Err, message });
        }
        let (number, shard) = (self.layout().home(id), self.home(id));
        let deadline = self.client.deadline();
        loop {
            match shard.restock(delta, id).await {
                Ok(available) if !self.is_split() => return Ok(available),
                Ok(_) => break,
                Err(error) => {
                    let lacks_units = error.code() == Some(Code::NoStock) && self.is_split();
                    if !lacks_units || Instant::now() > deadline {
                        return Err(error);
                    }
                }
            }
            match self.bring(number, delta.unsigned_abs(), Instant::now()).await? {
                Answer::Brought(_) => {}
                Answer::Only(total) => return Err(protocol::Error::NoStock(total).into()),
                Answer::Stuck(_) | Answer::Unsure(_) => return Err(unsure()),
            }
        }
        self.memory().forget();
        self.search().balance(spread).await?;
        Ok(self.info().await?.available)
    }

    /// Deletes the sale. After an error call it again: the directory is deleted last.
    ///
    /// # Errors
    ///
    /// `WRONGTYPE`, and nothing is deleted, when the key of a shard holds anything else; what the connection ended with.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::ShardedSale) -> seckill_client::Result<()> {
    /// sale.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self) -> Result<()> {
        let shards = self.shards();
        let are_sales = shards.iter().map(async |shard| match shard.info().await {
            Err(error) if error.code() != Some(Code::NoSale) => Err(error),
            _ => Ok(()),
        });
        try_join_all(are_sales).await?;
        let commands: Vec<_> = self.layout().shards().iter().map(|shard| unlink(shard)).collect();
        let deletions = commands.iter().map(|command| async {
            self.client.call::<u64>(command).await?;
            Ok::<_, Error>(())
        });
        try_join_all(deletions).await?;
        if self.is_ordinary() { Ok(()) } else { delete(&self.client, self.layout()).await }
    }

    /// Brings units to a shard that refused an order at this instant. When this is dropped it goes on in the background,
    /// so that no units are left under way.
    pub(super) async fn bring(&self, to: usize, units: u64, refused: Instant) -> Result<Answer> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let shared = self.shared.clone();
        self.client.background().run(async move {
            let found = shared.search.bring(to, units, refused, || !answer.is_closed()).await;
            // Who asked may be gone.
            let _ = answer.send(found);
        });
        answered.await.unwrap_or_else(|_| Err(timed_out().into()))
    }

    pub(super) fn deadline(&self) -> Instant {
        self.client.deadline()
    }

    pub(super) fn memory(&self) -> &Memory<C> {
        &self.shared.memory
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.shared.layout
    }

    pub(super) fn search(&self) -> &Search<Remote<C>> {
        &self.shared.search
    }

    pub(super) fn mover(&self) -> &Mover<Remote<C>> {
        self.shared.search.mover()
    }

    /// Whether there are shards to move units between.
    pub(super) fn is_split(&self) -> bool {
        self.layout().shards().len() > 1
    }
}

impl<C: Connect> Clone for ShardedSale<C> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), shared: self.shared.clone() }
    }
}

impl<C: Connect> fmt::Debug for ShardedSale<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedSale")
            .field("key", &String::from_utf8_lossy(self.key()))
            .field("shards", &self.layout().shards().len())
            .finish_non_exhaustive()
    }
}
