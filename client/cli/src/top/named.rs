//! The sales that arguments name.

use futures_util::future::join_all;

use super::sampler::MAX_SALES;
use crate::exit::Failure;
use crate::servers::Servers;

/// The keys of these sales: of a sharded one, those of its shards. A sale that cannot be read yet keeps its own key.
pub(super) async fn keys(servers: &Servers, sales: Vec<String>) -> Result<Vec<Vec<u8>>, Failure> {
    let client = servers.client().await?;
    let shards = sales.into_iter().map(async |sale| match client.sharded(&sale).await {
        Ok(found) => found.shards().iter().map(|shard| shard.key().to_owned()).collect(),
        Err(_) => vec![sale.into_bytes()],
    });
    let keys = join_all(shards).await.concat();
    if keys.len() > MAX_SALES {
        return Err(Failure::Usage(format!(
            "{MAX_SALES} sales at most are shown, and these have {} shards",
            keys.len()
        )));
    }
    Ok(keys)
}
