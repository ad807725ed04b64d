//! What a sale asks of its servers.

use std::time::Duration;

use redis::{Cmd, ParsingError, Value, cmd, from_redis_value};

/// How many servers are to have what a connection wrote, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    pub(crate) replicas: u32,
    /// On disk, that of the primary included.
    pub(crate) fsynced: bool,
}

impl Demand {
    /// The command that waits until they have it.
    pub(super) fn command(self, within: Duration) -> Cmd {
        let mut command = if self.fsynced { cmd("WAITAOF") } else { cmd("WAIT") };
        if self.fsynced {
            command.arg(1);
        }
        // 0 would wait without limit.
        let timeout = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
        command.arg(self.replicas).arg(timeout);
        command
    }

    /// The number of replicas in the reply to it, if they are enough.
    pub(super) fn satisfied_by(self, reply: Value) -> Result<Option<u32>, ParsingError> {
        let (local, replicas) =
            if self.fsynced { from_redis_value(reply)? } else { (1, from_redis_value::<u32>(reply)?) };
        Ok((local >= 1 && replicas >= self.replicas).then_some(replicas))
    }
}
