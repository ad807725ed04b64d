//! A lock that is waited for.

use redis::Value;

use crate::harness::callers::Caller;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play, reply, show};

/// A server on which ann holds `lock` for an hour, and callers wait for it.
pub(super) struct Queue {
    pub(super) server: Server,
    pub(super) connection: Connection,
}

impl Queue {
    pub(super) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with further lines of configuration.
    pub(super) async fn with(config: &str) -> Self {
        Self::on(Server::with(config).await).await
    }

    pub(super) async fn on(server: Server) -> Self {
        let mut connection = server.connect().await;
        play(&mut connection, "SECKILL.LOCK lock ann 3600000 => <us>").await;
        Self { server, connection }
    }

    /// A caller that waits for an hour's lease, without limit.
    pub(super) async fn join(&mut self, token: &str) -> Caller {
        self.waits(&format!("SECKILL.LOCK lock {token} 3600000 BLOCK 0")).await
    }

    /// A caller that waits with this command.
    pub(super) async fn waits(&mut self, line: &str) -> Caller {
        Caller::on(&self.server).await.waits(line, &mut self.connection).await
    }

    pub(super) async fn play(&mut self, session: &str) {
        play(&mut self.connection, session).await;
    }

    /// Lets the server do what its timers have to do by now.
    pub(super) async fn settle(&mut self) {
        self.play("DEBUG SLEEP 0.01 => OK").await;
    }

    /// The token that holds the lock; `nil` when it is free.
    pub(super) async fn holder(&mut self) -> String {
        ask(&mut self.connection, "GET lock").await.replace('"', "")
    }

    /// The tokens that wait, the first in line first.
    pub(super) async fn line(&mut self) -> Vec<String> {
        line(&mut self.connection, "lock").await
    }

    /// Waits until a caller gets its reply: the lock is its own. Returns the fence.
    pub(super) async fn must_grant(&mut self, caller: &mut Caller, token: &str) -> u64 {
        let fence = caller.fence().await;
        assert_eq!(self.holder().await, token);
        fence
    }
}

/// A lock that was released at an instant was granted with this fence at once. A fence is the time of its grant by
/// the server's clock. The bound is below the second after which the server looks at a lock anyway.
pub(super) fn must_be_prompt(fence: u64, released_at: u64, what: &str) {
    must_be_granted_within(800, fence, released_at, what);
}

/// The same within so many ms.
pub(super) fn must_be_granted_within(ms: u64, fence: u64, released_at: u64, what: &str) {
    let granted_at = fence / 1000;
    assert!(granted_at >= released_at, "granted {} ms too early: {what}", released_at - granted_at);
    assert!(granted_at - released_at < ms, "granted after {} ms: {what}", granted_at - released_at);
}

/// The tokens that wait for a lock, the first in line first.
pub(super) async fn line(connection: &mut Connection, key: &str) -> Vec<String> {
    let reply = reply(connection, &format!("SECKILL.WAITERS {key}")).await;
    let waiters = field(&reply, "waiters");
    let Value::Array(waiters) = waiters else { panic!("{waiters:?}") };
    waiters.iter().map(|waiter| show(field(waiter, "token")).replace('"', "")).collect()
}

/// A field of a map.
pub(super) fn field<'v>(map: &'v Value, name: &str) -> &'v Value {
    let Value::Map(pairs) = map else { panic!("{map:?} is no map") };
    let pair = pairs.iter().find(|(key, _)| *key == Value::BulkString(name.as_bytes().to_vec()));
    &pair.unwrap_or_else(|| panic!("no {name} in {map:?}")).1
}
