//! Waits until replicas have what a transfer wrote.

use std::collections::HashMap;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::client::Client;
use crate::connect::Connect;
use crate::durable::{Barrier, Demand};
use crate::error::Result;

pub(super) struct Replicas<C: Connect> {
    demand: Demand,
    timeout: Duration,
    /// Those that nobody uses, by their keys. Each has a connection of its own.
    barriers: Mutex<HashMap<Vec<u8>, Barrier<C>>>,
}

impl<C: Connect> Replicas<C> {
    pub(super) fn new(demand: Demand, timeout: Duration) -> Self {
        Self { demand, timeout, barriers: Mutex::default() }
    }

    /// Sends a command that may be executed twice, until enough replicas have what it wrote.
    pub(super) async fn write(&self, client: &Client<C>, key: &[u8], command: &Cmd) -> Result<Value> {
        let idle = self.barriers.lock().await.remove(key);
        let mut barrier = idle.unwrap_or_else(|| Barrier::new(client, key, self.demand));
        let reply = barrier.write(command, Instant::now() + self.timeout).await;
        self.barriers.lock().await.insert(key.to_vec(), barrier);
        reply
    }
}
