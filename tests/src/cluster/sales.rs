//! The sales at which buyers buy while something happens to the cluster.

use std::time::Duration;

use redis::cluster_async::ClusterConnection;
use seckill_client::{NewSale, Seckill};

/// So short that holds fall due all the time.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// A sale that is sold out at times, and one that never is, in one slot.
pub(super) const SCARCE: &str = "{sale}scarce";
pub(super) const PLENTY: &str = "{sale}plenty";

pub(super) async fn create(connection: &mut ClusterConnection) {
    connection.seckill().create(SCARCE, NewSale::new(20).hold(HOLD)).await.unwrap();
    connection.seckill().create(PLENTY, NewSale::new(1_000_000).hold(HOLD)).await.unwrap();
}
