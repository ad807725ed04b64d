//! SECKILL.LOCK with BLOCK.

use redis::{Client, Cmd, Connection, cmd};

use crate::{Outcome, Peer, Plan};

pub(crate) struct Seckill {
    connection: Connection,
    lock: Cmd,
    unlock: Cmd,
}

impl Seckill {
    pub(crate) fn new(client: &Client, plan: &Plan, number: usize) -> Outcome<Self> {
        let token = format!("client-{number}");
        let mut lock = cmd("SECKILL.LOCK");
        lock.arg(&plan.key).arg(&token).arg(plan.lease_ms).arg("BLOCK").arg(plan.patience_ms);
        let mut unlock = cmd("SECKILL.UNLOCK");
        unlock.arg(&plan.key).arg(&token);
        Ok(Self { connection: client.get_connection()?, lock, unlock })
    }
}

impl Peer for Seckill {
    fn ping(&mut self) -> Outcome {
        Ok(cmd("PING").exec(&mut self.connection)?)
    }

    fn take(&mut self) -> Outcome {
        let fence: Option<u64> = self.lock.query(&mut self.connection)?;
        fence.map(drop).ok_or_else(|| "the lock was not granted".into())
    }

    fn give(&mut self) -> Outcome {
        let released: bool = self.unlock.query(&mut self.connection)?;
        if released { Ok(()) } else { Err("the lock was lost".into()) }
    }
}
