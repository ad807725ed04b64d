//! A list with one element, the token: BLPOP takes it and LPUSH gives it. The server keeps a fair line, but this
//! is less than a lock: it has no lease, so that an owner who dies keeps it for good, and no owner, so that
//! anyone can give it, and then two have it.

use redis::{Client, Connection, cmd};

use crate::{Outcome, Peer, Plan};

const TOKEN: &str = "token";

pub(crate) struct Blpop {
    connection: Connection,
    key: String,
    patience_s: u64,
}

impl Blpop {
    pub(crate) fn new(client: &Client, plan: &Plan, number: usize) -> Outcome<Self> {
        let connection = client.get_connection()?;
        let mut peer = Self { connection, key: plan.key.clone(), patience_s: plan.patience_ms / 1000 };
        // There is one token, and the first client brings it.
        if number == 0 {
            peer.give()?;
        }
        Ok(peer)
    }
}

impl Peer for Blpop {
    fn ping(&mut self) -> Outcome {
        Ok(cmd("PING").exec(&mut self.connection)?)
    }

    fn take(&mut self) -> Outcome {
        let taken: Option<(String, String)> =
            cmd("BLPOP").arg(&self.key).arg(self.patience_s).query(&mut self.connection)?;
        taken.map(drop).ok_or_else(|| "the token did not come".into())
    }

    fn give(&mut self) -> Outcome {
        Ok(cmd("LPUSH").arg(&self.key).arg(TOKEN).exec(&mut self.connection)?)
    }
}
