//! The creation of a sale of either kind.

use seckill_client::{Code, Error, NewSale};

use crate::advice;
use crate::count::count;
use crate::exit::Failure;
use crate::names::Name;
use crate::servers::{AnyClient, AnySale};

/// Creates a sale of so many shards, or an ordinary one.
pub(super) async fn create(
    client: &AnyClient,
    key: &str,
    shards: Option<usize>,
    sale: NewSale,
) -> Result<AnySale, Failure> {
    let Some(shards) = shards else {
        return match client.sale(key).create(sale).await {
            Ok(_) => Ok(client.sharded(key).await?),
            Err(error) if error.code() == Some(Code::BusyKey) => {
                Err(no_ordinary_sale(client, key, error).await)
            }
            Err(error) => Err(error.into()),
        };
    };
    let created = client.create_sharded(key, shards, sale).await;
    created.map_err(|error| Failure::from(error).advising(advice::REPEAT))
}

/// What else is at the key: perhaps a sharded sale.
async fn no_ordinary_sale(client: &AnyClient, key: &str, error: Error) -> Failure {
    match client.sharded(key).await {
        Ok(sale) if !sale.is_ordinary() => {
            let (name, shards) = (Name(key.as_bytes()), sale.shards().len());
            let sale = count(shards, "shard");
            Failure::Refused(format!("{name} is a sale of {sale}: repeat with --shards {shards}"))
        }
        // One whose creation did not come to its end.
        Err(unfinished) if unfinished.code() == Some(Code::NoSale) => {
            Failure::from(unfinished).of(Name(key.as_bytes()))
        }
        _ => error.into(),
    }
}
