//! The creation of a sale of either kind.

use seckill_client::NewSale;

use crate::advice;
use crate::exit::Failure;
use crate::servers::{AnyClient, AnySale};

/// Creates a sale of so many shards, or an ordinary one.
pub(super) async fn create(
    client: &AnyClient,
    key: &str,
    shards: Option<usize>,
    sale: NewSale,
) -> Result<AnySale, Failure> {
    let Some(shards) = shards else {
        client.sale(key).create(sale).await?;
        return Ok(client.sharded(key).await?);
    };
    let created = client.create_sharded(key, shards, sale).await;
    created.map_err(|error| Failure::from(error).advising(advice::REPEAT))
}
