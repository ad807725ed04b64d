//! What INFO says about a server.

use std::collections::HashMap;

use seckill_client::Refusal;
use serde::{Serialize, Serializer};

/// The sections of INFO that are read.
pub(super) const SECTIONS: [&str; 5] = ["server", "memory", "stats", "replication", "seckill"];

/// The figures of a server at a moment.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct ServerFigures {
    /// Such as `Redis 7.0.15`.
    pub(super) version: String,
    /// Whether the module is loaded.
    #[serde(skip)]
    pub(super) has_module: bool,
    pub(super) port: u64,
    /// The clock of the server, in unix µs.
    #[serde(rename = "time_us")]
    pub(super) time: u64,
    #[serde(rename = "memory_bytes")]
    pub(super) memory: u64,
    /// 0 without a limit.
    #[serde(rename = "memory_limit_bytes")]
    pub(super) memory_limit: u64,
    pub(super) waiters: u64,
    pub(super) sales_diverged: u64,
    pub(super) sales_evicted: u64,
    /// What this server is a replica of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replica_of: Option<ReplicaOf>,
    pub(super) replicas: Vec<Replica>,
    /// Counted since the server started.
    pub(super) counters: Counters,
}

/// What a server counts.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Counters {
    pub(super) commands: u64,
    pub(super) orders: u64,
    pub(super) holds_expired: u64,
    pub(super) grants: u64,
    pub(super) handoffs: u64,
    /// Refusals, in the order of [`refusals`].
    #[serde(serialize_with = "by_word")]
    pub(super) refused: [u64; REFUSALS],
}

/// Those of purchases, and `FULL`.
pub(super) const REFUSALS: usize = Refusal::ALL.len() + 1;

/// The words of refusals, as the server counts them.
pub(super) fn refusals() -> [&'static str; REFUSALS] {
    let word = |at: usize| Refusal::ALL.get(at).map_or("FULL", Refusal::as_str);
    std::array::from_fn(word)
}

/// Serializes a number for each kind of refusal.
pub(super) fn by_word<T: Serialize, S: Serializer>(
    refused: &[T; REFUSALS],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(refusals().map(str::to_lowercase).iter().zip(refused))
}

/// A replica as its primary sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Replica {
    pub(super) address: String,
    pub(super) is_online: bool,
    /// Bytes that it has not acknowledged.
    pub(super) lag_bytes: u64,
    /// Seconds since it acknowledged anything.
    pub(super) lag_seconds: u64,
}

/// The link of a replica to its primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ReplicaOf {
    pub(super) primary: String,
    pub(super) is_connected: bool,
    /// Seconds since it heard of the primary.
    pub(super) silent_seconds: u64,
}

impl ServerFigures {
    /// Reads the reply to INFO.
    pub(super) fn read(info: &str) -> Self {
        let fields: HashMap<_, _> = info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
        let text = |name: &str| fields.get(name).copied().unwrap_or_default();
        let count = |name: &str| text(name).parse().unwrap_or(0);
        let seckill = |name: &str| count(&format!("seckill_{name}"));
        let version = match text("valkey_version") {
            "" => format!("Redis {}", text("redis_version")),
            version => format!("Valkey {version}"),
        };
        let offset = count("master_repl_offset");
        let replica = |at| replica(fields.get(format!("slave{at}").as_str())?, offset);
        let replica_of = (text("role") == "slave").then(|| ReplicaOf {
            primary: format!("{}:{}", text("master_host"), text("master_port")),
            is_connected: text("master_link_status") == "up",
            silent_seconds: count("master_last_io_seconds_ago"),
        });
        Self {
            version,
            has_module: fields.contains_key("seckill_version"),
            port: count("tcp_port"),
            time: count("server_time_usec"),
            memory: count("used_memory"),
            memory_limit: count("maxmemory"),
            waiters: seckill("waiters"),
            sales_diverged: seckill("sales_diverged"),
            sales_evicted: seckill("evicted_sales"),
            replica_of,
            replicas: (0..count("connected_slaves")).map_while(replica).collect(),
            counters: Counters {
                commands: count("total_commands_processed"),
                orders: seckill("orders_accepted"),
                holds_expired: seckill("holds_expired"),
                grants: seckill("grants"),
                handoffs: seckill("handoffs"),
                refused: refusals().map(|word| seckill(&format!("refused_{}", word.to_lowercase()))),
            },
        }
    }
}

/// Reads `ip=127.0.0.1,port=6380,state=online,offset=14,lag=0`.
fn replica(text: &str, offset: u64) -> Option<Replica> {
    let fields: HashMap<_, _> = text.split(',').filter_map(|field| field.split_once('=')).collect();
    let number = |name| fields.get(name).and_then(|text| text.parse::<u64>().ok());
    Some(Replica {
        address: format!("{}:{}", fields.get("ip")?, fields.get("port")?),
        is_online: fields.get("state") == Some(&"online"),
        lag_bytes: offset.saturating_sub(number("offset")?),
        lag_seconds: number("lag")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_of_a_replica_is_what_it_has_not_acknowledged() {
        let figures = ServerFigures::read(
            "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nconnected_slaves:2\r\n\
             slave0:ip=10.0.0.2,port=6379,state=online,offset=90,lag=1\r\n\
             slave1:ip=10.0.0.3,port=6380,state=wait_bgsave,offset=0,lag=0\r\n\
             master_repl_offset:100\r\nseckill_version:100\r\nseckill_refused_soldout:7\r\nseckill_refused_full:2\r\n",
        );
        let lags: Vec<_> =
            figures.replicas.iter().map(|replica| (replica.is_online, replica.lag_bytes)).collect();
        assert_eq!(lags, [(true, 10), (false, 100)]);
        assert_eq!(figures.replicas[0].address, "10.0.0.2:6379");
        let refused: Vec<_> =
            refusals().into_iter().zip(figures.counters.refused).filter(|(_, count)| *count > 0).collect();
        assert_eq!(refused, [("SOLDOUT", 7), ("FULL", 2)]);
        assert!(figures.has_module);
    }

    #[test]
    fn a_server_may_say_anything() {
        for text in
            ["", "::::", "slave0", "connected_slaves:99999999999\r\nslave0:ip", "role:slave\r\ntcp_port:x"]
        {
            let figures = ServerFigures::read(text);
            assert!(!figures.has_module, "{text}");
            assert!(figures.replicas.is_empty(), "{text}");
        }
    }
}
