//! The lock of the crate `rslock`, as it is by default. It is asynchronous: each client has a runtime on its own
//! thread.

use redis::aio::MultiplexedConnection;
use redis::{Client, cmd};
use rslock::{LockGuard, LockManager};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

use crate::{Outcome, Peer, Plan};

pub(crate) struct Polling {
    runtime: Runtime,
    manager: LockManager,
    /// The manager's own connection is private. This one is of the same kind.
    connection: MultiplexedConnection,
    key: String,
    lease: Duration,
    guard: Option<LockGuard>,
}

impl Polling {
    pub(crate) fn new(client: Client, plan: &Plan) -> Outcome<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(client.get_multiplexed_async_connection())?;
        let manager = LockManager::from_clients(vec![client]);
        let lease = Duration::from_millis(plan.lease_ms);
        Ok(Self { runtime, manager, connection, key: plan.key.clone(), lease, guard: None })
    }
}

impl Peer for Polling {
    fn ping(&mut self) -> Outcome {
        Ok(self.runtime.block_on(cmd("PING").exec_async(&mut self.connection))?)
    }

    fn take(&mut self) -> Outcome {
        self.guard = Some(self.runtime.block_on(self.manager.acquire(&*self.key, self.lease))?);
        Ok(())
    }

    fn give(&mut self) -> Outcome {
        let guard = self.guard.take().ok_or("the lock was not taken")?;
        self.runtime.block_on(guard.release());
        Ok(())
    }
}
