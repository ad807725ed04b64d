//! `seckill lock show`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use redis::{FromRedisValue, ParsingError, Value, cmd};
use seckill_client::connect::Connect;
use serde::Serialize;

use super::fingerprint::fingerprint;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{self, Output};
use crate::servers::{Connector, Independent, Servers};
use crate::times::length;

/// Show who holds a lock, and who waits for it
///
/// Whoever knows the token of a lock can release it. So tokens are shown as fingerprints: eight digits, the same for the same token.
/// The command needs the permission for SECKILL.WAITERS, which is one of the category `dangerous`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill lock show nightly-report
  seckill lock show nightly-report --json")]
pub(super) struct Show {
    /// The key of the lock
    lock: String,
}

impl Show {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let servers = servers.independent().await?;
        let is_redlock = servers.len() > 1;
        let mut failed = None;
        for Independent { name, connector } in servers {
            match line(&connector, &self.lock).await {
                Ok(line) => {
                    let server = is_redlock.then_some(name);
                    output.print(&State { lock: &self.lock, server, line })?;
                }
                Err(error) if is_redlock => {
                    failed = failed.or(Some(Failure::Server(format!("{name}: {error}"))));
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(Exit::Done), Err)
    }
}

async fn line(connector: &Connector, lock: &str) -> Result<Line, Failure> {
    let mut connection = connector.connect().await?;
    Ok(cmd("SECKILL.WAITERS").arg(lock).query_async(&mut connection).await?)
}

#[derive(Serialize)]
struct State<'a> {
    lock: &'a str,
    /// The one that says so, where several keep the lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(flatten)]
    line: Line,
}

/// The holder of a lock, and its line.
#[derive(Serialize)]
struct Line {
    /// Who holds it, by fingerprint; none when it is free.
    holder: Option<String>,
    /// What is left of the lease in ms; 0 when it does not end.
    lease: Option<u64>,
    fence: Option<u64>,
    waiters: Vec<Waiter>,
}

#[derive(Serialize)]
struct Waiter {
    /// By fingerprint.
    waiter: String,
    /// In ms.
    waited: u64,
    /// How long it waits on, in ms; 0: without end.
    timeout: u64,
}

/// The fields of a reply.
struct Fields(HashMap<String, Value>);

impl Fields {
    fn read(reply: Value) -> Result<Self, ParsingError> {
        FromRedisValue::from_redis_value(reply).map(Self)
    }

    fn take<T: FromRedisValue>(&mut self, name: &str) -> Result<T, ParsingError> {
        T::from_redis_value(self.0.remove(name).unwrap_or(Value::Nil))
    }
}

impl FromRedisValue for Line {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let mut fields = Fields::read(reply)?;
        let holder: Option<Vec<u8>> = fields.take("token")?;
        Ok(Self {
            holder: holder.map(|token| fingerprint(&token)),
            lease: fields.take("lease")?,
            fence: fields.take("fence")?,
            waiters: fields.take("waiters")?,
        })
    }
}

impl FromRedisValue for Waiter {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let mut fields = Fields::read(reply)?;
        let token: Vec<u8> = fields.take("token")?;
        Ok(Self {
            waiter: fingerprint(&token),
            waited: fields.take("waited")?,
            timeout: fields.take("timeout")?,
        })
    }
}

impl output::Show for State<'_> {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Line { holder, lease, fence, waiters } = &self.line;
        let at = self.server.as_ref().map(|server| format!(" on {server}")).unwrap_or_default();
        let state = if holder.is_some() { "held" } else { "free" };
        writeln!(out, "{}{at}  {state}", Name(self.lock.as_bytes()))?;
        if let Some(holder) = holder {
            writeln!(out, "  holder  {holder}")?;
        }
        match lease {
            Some(0) => writeln!(out, "  lease   does not end")?,
            Some(lease) => writeln!(out, "  lease   {} left", time(*lease))?,
            None => {}
        }
        if let Some(fence) = fence {
            writeln!(out, "  fence   {fence}")?;
        }
        writeln!(out, "  line    {}", number(waiters.len()))?;
        for (place, Waiter { waiter, waited, timeout }) in waiters.iter().enumerate() {
            let rest =
                if *timeout == 0 { "without end".to_owned() } else { format!("{} more", time(*timeout)) };
            writeln!(out, "  {:>4}.   {waiter}  has waited {}, {rest}", place + 1, time(*waited))?;
        }
        Ok(())
    }
}

fn number(waiters: usize) -> String {
    match waiters {
        0 => "nobody waits".to_owned(),
        1 => "1 waits".to_owned(),
        // The server replies no more.
        1000 => "1000 or more wait".to_owned(),
        count => format!("{count} wait"),
    }
}

fn time(millis: u64) -> String {
    length(Duration::from_millis(millis))
}
