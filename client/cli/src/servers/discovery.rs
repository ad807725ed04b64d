//! What servers are: HELLO tells, which every user may call.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use redis::{
    Client, ConnectionInfo, ErrorKind, FromRedisValue, RedisConnectionInfo, RedisError, RedisResult, Value,
    cmd,
};
use seckill_client::connect::Connect;
use tokio::time::timeout;

use crate::exit::Failure;

/// What a server is.
pub(super) enum Mode {
    Single,
    Cluster,
    Sentinel {
        /// Whether it takes the user and the password of the URL, as the servers do.
        takes_password: bool,
    },
}

/// Sentinels, and the primary that is asked for.
pub(super) struct Sentinels {
    pub(super) servers: Vec<ConnectionInfo>,
    pub(super) takes_password: bool,
    pub(super) name: Option<String>,
}

/// What the first of these is that answers. All are asked at once.
pub(super) async fn mode(servers: &[ConnectionInfo], within: Duration) -> Result<Mode, Failure> {
    let ask = |(number, server)| async move {
        let mode = timeout(within, mode_of(server)).await;
        (number, mode.unwrap_or_else(|_| Err((ErrorKind::Io, "no answer in time").into())))
    };
    let mut asked: FuturesUnordered<_> = servers.iter().enumerate().map(ask).collect();
    let mut failed = Vec::new();
    while let Some((number, mode)) = asked.next().await {
        match mode {
            Ok(mode) => return Ok(mode),
            Err(error) => failed.push((number, error)),
        }
    }
    // The error of the one that was named first.
    let first = failed.into_iter().min_by_key(|(number, _)| *number);
    Err(first.map_or_else(
        || Failure::Usage("no server is named".to_owned()),
        |(number, error)| Failure::from(error).of(servers[number].addr()),
    ))
}

async fn mode_of(server: &ConnectionInfo) -> RedisResult<Mode> {
    // A sentinel has no databases.
    let first = hello(&in_database_0(server)).await;
    match first {
        Ok(word) => Ok(mode_by(&word, true)),
        // Sentinels usually have no password, while the servers that they watch do.
        Err(error) if refuses_login(&error) => match hello(&without_login(server)).await {
            Ok(word) if word == "sentinel" => Ok(mode_by(&word, false)),
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn mode_by(word: &str, takes_password: bool) -> Mode {
    match word {
        "cluster" => Mode::Cluster,
        "sentinel" => Mode::Sentinel { takes_password },
        _ => Mode::Single,
    }
}

async fn hello(server: &ConnectionInfo) -> RedisResult<String> {
    let mut connection = connect(server).await?;
    let mut reply: HashMap<String, Value> = cmd("HELLO").query_async(&mut connection).await?;
    let mode = reply.remove("mode").map(String::from_redis_value).transpose()?;
    Ok(mode.unwrap_or_default())
}

async fn connect(server: &ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    Client::open(server.clone())?.connect().await
}

fn refuses_login(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed) || error.code() == Some("WRONGPASS")
}

/// The same server with these settings of the connection.
fn with_settings(
    server: &ConnectionInfo,
    set: impl FnOnce(RedisConnectionInfo) -> RedisConnectionInfo,
) -> ConnectionInfo {
    server.clone().set_redis_settings(set(server.redis_settings().clone()))
}

fn in_database_0(server: &ConnectionInfo) -> ConnectionInfo {
    with_settings(server, |settings| settings.set_db(0))
}

fn without_login(server: &ConnectionInfo) -> ConnectionInfo {
    server.clone().set_redis_settings(RedisConnectionInfo::default())
}

impl Sentinels {
    /// The sentinels as they are reached themselves.
    pub(super) fn reached(&self) -> Vec<ConnectionInfo> {
        let reach = |server| if self.takes_password { in_database_0(server) } else { without_login(server) };
        self.servers.iter().map(reach).collect()
    }

    /// The name of the primary: the given one, or the only one that they watch.
    pub(super) async fn primary(&self) -> Result<String, Failure> {
        let mut names = match (self.names().await, &self.name) {
            (Ok(names), _) => names,
            // One who may not list them may still ask for one.
            (Err(_), Some(name)) => return Ok(name.clone()),
            (Err(error), None) => return Err(error.into()),
        };
        match &self.name {
            Some(name) if names.contains(name) => Ok(name.clone()),
            None if names.len() == 1 => Ok(names.remove(0)),
            _ => {
                names.sort();
                Err(Failure::Usage(format!("choose one of these by --primary: {}", names.join(", "))))
            }
        }
    }

    /// The primaries that the first sentinel watches that can be reached.
    async fn names(&self) -> RedisResult<Vec<String>> {
        let mut last = None;
        for sentinel in self.reached() {
            match names(&sentinel).await {
                Ok(names) => return Ok(names),
                Err(error) => last = Some(error),
            }
        }
        last.map_or_else(|| Ok(Vec::new()), Err)
    }
}

/// The primaries that a sentinel watches.
async fn names(sentinel: &ConnectionInfo) -> RedisResult<Vec<String>> {
    let mut connection = connect(sentinel).await?;
    let primaries: Vec<HashMap<String, Value>> =
        cmd("SENTINEL").arg("MASTERS").query_async(&mut connection).await?;
    let name = |mut primary: HashMap<String, Value>| primary.remove("name").map(String::from_redis_value);
    Ok(primaries.into_iter().filter_map(name).collect::<Result<_, _>>()?)
}
