//! The figures of a sale, from the primaries that have it.

use futures_util::future::join_all;
use seckill_client::{Info, Seckill};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::families::Labels;
use crate::exit::Failure;
use crate::names::Name;
use crate::servers::{AnyClient, Place, Primary, Servers};

/// A primary with the keys that it has, if it is reached.
pub(super) type Reached = (Place, Result<Primary, Failure>);

/// The figures of a sale, or why they cannot be read, with the labels of that.
pub(super) type Figures = (Labels, Result<Info, Failure>);

/// The primaries, and until when they may answer.
pub(super) struct Asked<'p> {
    pub(super) primaries: &'p [Reached],
    pub(super) directories: Directories<'p>,
    pub(super) deadline: Instant,
}

/// How the shards of sales are found: by a client, once one was needed.
pub(super) struct Directories<'p> {
    pub(super) servers: &'p Servers,
    pub(super) client: &'p OnceCell<AnyClient>,
}

impl Directories<'_> {
    /// The keys of the shards; none of an ordinary sale.
    async fn shards(&self, sale: &str) -> Result<Vec<Vec<u8>>, Failure> {
        let client = self.client.get_or_try_init(|| self.servers.client()).await?;
        let sale = client.sharded(sale).await?;
        if sale.is_ordinary() {
            return Ok(Vec::new());
        }
        Ok(sale.shards().iter().map(|shard| shard.key().to_owned()).collect())
    }
}

impl Asked<'_> {
    /// The figures of an ordinary sale, or of each shard.
    pub(super) async fn figures(&self, sale: &str) -> Vec<Figures> {
        let info = self.info(sale.as_bytes()).await;
        let shards = match &info {
            // A directory has shards.
            Err(Failure::Refused(_)) => {
                let shards = timeout_at(self.deadline, self.directories.shards(sale)).await;
                shards.unwrap_or(Ok(Vec::new())).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if shards.is_empty() {
            return vec![(of_sale(sale), info)];
        }
        let infos = join_all(shards.iter().map(|key| self.info(key))).await.into_iter().enumerate();
        infos.map(|(shard, info)| (of_shard(sale, shard), info)).collect()
    }

    /// Asks the primary that has the key. Others may be out of reach.
    async fn info(&self, key: &[u8]) -> Result<Info, Failure> {
        let asked = timeout_at(self.deadline, info(self.primaries, key)).await;
        asked.unwrap_or_else(|_| Err(Failure::Server(format!("{}: no answer in time", Name(key)))))
    }
}

async fn info(primaries: &[Reached], key: &[u8]) -> Result<Info, Failure> {
    let reached = primaries.iter().find(|(place, _)| place.has(key));
    let (place, primary) =
        reached.ok_or_else(|| Failure::Server(format!("no server has the slot of {}", Name(key))))?;
    let mut connection = primary.as_ref().map_err(|failure| place.failure(failure.clone()))?.connection();
    let info = connection.seckill().info(key).await;
    info.map_err(|error| Failure::from(error).of(Name(key)))
}

pub(super) fn of_sale(sale: &str) -> Labels {
    vec![("sale".to_owned(), sale.to_owned())]
}

fn of_shard(sale: &str, shard: usize) -> Labels {
    vec![("sale".to_owned(), sale.to_owned()), ("shard".to_owned(), shard.to_string())]
}
