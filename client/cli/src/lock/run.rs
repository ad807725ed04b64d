//! `seckill lock run`.

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal};
use std::time::Duration;

use seckill_client::{Guard, Lock, Redlock, Release};
use tokio::time::sleep;

use super::command::Running;
use super::group::Group;
use super::signals::Signals;
use super::supervise::{End, Supervisor, say};
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::servers::Servers;
use crate::times::{duration, length};

/// The lock was lost while the command ran: that of `sysexits.h` for what may be tried again.
const LOST: u8 = 75;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// A renewal, which is made after a third of the lease, should not be late because of a slow network.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);
/// The time for an orderly end, where the lease is long enough.
const GRACE: Duration = Duration::from_secs(5);
/// Who waits for longer is told so.
const NOTICE_AFTER: Duration = Duration::from_secs(1);

/// Run a command while no other machine does, under a lock
///
/// Waits for the lock in line, first come, first served; then runs the command, and renews the lock until the command
/// ends. The environment of the command has SECKILL_LOCK, the key, and SECKILL_FENCE, a number that is higher for each
/// grant: pass it to stores that refuse a lower one than they saw.
///
/// When the lock is lost, the command and all that it started in its process group get SIGTERM, and after the time of
/// --grace SIGKILL. When no server answers, SIGTERM is sent so early that SIGKILL comes before the lease ends: until
/// then no other machine has the lock. But a lock that somebody deletes, or that a failover loses, is missed only at the next
/// renewal, after a third of the lease. When `seckill` itself is killed, the command is ended in the same way.
///
/// INT, TERM, HUP and QUIT are passed to all processes of the command, USR1 and USR2 to the command alone. Ctrl-Z stops
/// the command and the renewals: one that goes on when the lease is over is told to end. What the command leaves in the
/// background when it ends runs on without the lock.
///
/// Several servers that are independent of each other keep the lock together (Redlock): more than half of them must
/// grant it. Then there is no fence, and no line.
#[derive(clap::Args)]
#[command(after_help = "Exit codes:
  that of the command, or 128 and the number of the signal that ended it
  1    the lock was not free within the time of --wait
  2    wrong arguments
  3    no server, or one that cannot do it
  75   the lock was lost while the command ran
  126  the command cannot be executed
  127  there is no such command

Examples:
  seckill lock run nightly-report -- echo done
  seckill lock run nightly-report --lease 30s --wait 1m -- sh -c 'echo \"my fence is $SECKILL_FENCE\"'
  seckill lock run nightly-report --wait 0s -- true")]
pub(super) struct Run {
    /// The key of the lock
    lock: String,
    /// How long the lock is kept without a renewal
    ///
    /// Longer than the servers may be away. When this machine fails, others wait for so long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = lease)]
    lease: Duration,
    /// How long to wait for the lock; 0s: not at all [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// How long the command has to end when the lock is lost [default: 5s or a third of the lease]
    ///
    /// At most half of the lease, of which it is a part; the shorter of both by default. 0s: SIGKILL at once.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    grace: Option<Duration>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn lease(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        lease if lease < SHORTEST_LEASE => Err(format!("it must be {} or longer", length(SHORTEST_LEASE))),
        lease => Ok(lease),
    }
}

impl Run {
    pub(super) async fn run(self, servers: &Servers) -> Result<Exit, Failure> {
        let grace = self.grace()?;
        let lock = self.lock(servers).await?;
        let Some(guard) = self.take(&lock).await? else {
            return Err(Failure::Refused(format!(
                "the lock {0} was not free in time\n`seckill lock show {0}` says who has it",
                Name(self.lock.as_bytes())
            )));
        };
        // Before there is a command, so that none ends this program without it.
        let signals = Signals::listen()?;
        let group = Group::start(grace)?;
        let end = match Running::start(&self.command, &guard, group) {
            Ok(running) => Supervisor::new(running, &guard, grace).until_end(signals).await?,
            Err(error) => {
                guard.release().await;
                return self.not_started(&error);
            }
        };
        Ok(Exit::Code(exit_code(&end, guard.release().await)))
    }

    /// The grace is a part of the lease: so much that renewals have time before it.
    fn grace(&self) -> Result<Duration, Failure> {
        match self.grace {
            None => Ok(GRACE.min(self.lease / 3)),
            Some(grace) if grace > self.lease / 2 => Err(Failure::Usage(format!(
                "--grace {} is more than half of --lease {}: choose a longer lease",
                length(grace),
                length(self.lease)
            ))),
            Some(grace) => Ok(grace),
        }
    }

    async fn lock(&self, servers: &Servers) -> Result<Lock, Failure> {
        let each = servers.independent().await?;
        let mut clients: Vec<_> =
            each.into_iter().map(|server| servers.client_of(server.connector)).collect();
        let key = self.lock.as_str();
        Ok(if clients.len() == 1 { clients.remove(0).lock(key) } else { Redlock::new(clients).lock(key) })
    }

    /// Waits for its turn. A user who looks on is told so.
    async fn take(&self, lock: &Lock) -> Result<Option<Guard>, Failure> {
        let take = async {
            match self.wait {
                Some(Duration::ZERO) => lock.acquire(self.lease).await,
                wait => {
                    // Who only waits does not learn that no server could ever grant it.
                    if let Some(guard) = lock.acquire(self.lease).await? {
                        return Ok(Some(guard));
                    }
                    lock.wait(self.lease, wait.unwrap_or(Duration::MAX)).await
                }
            }
        };
        let notice = async {
            sleep(NOTICE_AFTER).await;
            if io::stderr().is_terminal() {
                say(&format!(
                    "waiting for the lock {0}; `seckill lock show {0}` says who has it",
                    Name(self.lock.as_bytes())
                ));
            }
        };
        tokio::pin!(take);
        let taken = tokio::select! {
            taken = &mut take => taken,
            () = notice => take.await,
        };
        Ok(taken?)
    }

    fn not_started(&self, error: &io::Error) -> Result<Exit, Failure> {
        let name = self.command.first().map(|name| name.to_string_lossy()).unwrap_or_default();
        let code = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
        say(&format!("cannot run {name}: {error}"));
        Ok(Exit::Code(code))
    }
}

/// What this program ends with.
fn exit_code(end: &End, release: Release) -> u8 {
    if end.is_lost {
        return LOST;
    }
    match release {
        Release::NotHeld => {
            say(&format!(
                "the lock was lost before the command ended with {}: another may have run at the same time",
                end.code
            ));
            LOST
        }
        Release::Unknown => {
            say("no server confirmed the release of the lock: it is free after its lease");
            end.code
        }
        _ => end.code,
    }
}
