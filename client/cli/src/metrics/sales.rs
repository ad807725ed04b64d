//! The figures of a sale, from the primary that has it.

use seckill_client::{Info, Seckill};

use crate::exit::Failure;
use crate::servers::{Place, Primary};

/// A primary with the keys that it has, if it is reached.
pub(super) type Reached = (Place, Result<Primary, Failure>);

/// Asks the primary that has the sale. Others may be out of reach.
pub(super) async fn info(primaries: &[Reached], sale: &str) -> Result<Info, Failure> {
    let reached = primaries.iter().find(|(place, _)| place.has(sale.as_bytes()));
    let (place, primary) =
        reached.ok_or_else(|| Failure::Server(format!("no server has the slot of {sale}")))?;
    let mut connection = primary.as_ref().map_err(|failure| place.failure(failure.clone()))?.connection();
    let info = connection.seckill().info(sale).await;
    info.map_err(|error| Failure::from(error).of(sale))
}
