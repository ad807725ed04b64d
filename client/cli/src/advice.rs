//! What a user can do about an error.

use std::error::Error as AnyError;
use std::io;
use std::sync::Arc;

use redis::{ErrorKind, RedisError};
use seckill_client::{Code, Error};

const LOG_IN: &str = "name the user and the password in SECKILL_URL: redis://USER:PASSWORD@HOST";

/// Of a change to several shards that failed.
pub(crate) const REPEAT: &str = "some shards may have it already: repeat the same command, which finishes it";

/// The text of an error, with what to do next on a line of its own where that is known.
pub(crate) fn with_advice(error: &Error) -> String {
    match advice(error) {
        Some(advice) => format!("{error}\n{advice}"),
        None => error.to_string(),
    }
}

/// The text of an error that passes, in words where it is the way of a cluster to say that a key is elsewhere.
pub(crate) fn passing(error: &Error) -> String {
    match error {
        Error::Redis(error) if matches!(error.code(), Some("MOVED" | "ASK")) => {
            "the slot of a shard moves, or its node is being replaced".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Whether the server does not know the command.
pub(crate) fn lacks_module(error: &Error) -> bool {
    matches!(error, Error::Server { code: Code::Err, message } if message.starts_with("unknown command"))
}

fn advice(error: &Error) -> Option<&'static str> {
    match error {
        _ if lacks_module(error) => {
            Some("the server lacks the module: start it with --loadmodule, or by `seckill serve`")
        }
        Error::Server { code, .. } => by_code(*code),
        Error::Redis(error) => by_redis_error(error),
        _ => None,
    }
}

fn by_code(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::NoSale => {
            "`seckill sale list` lists the sales; a key may also be in another database (--url …/2)"
        }
        Code::NoOrder => "`seckill buyer SALE BUYER` lists the orders of a buyer",
        Code::BusyKey => {
            "choose another key: `seckill sale list` lists the sales, TYPE of redis-cli says what else a key holds"
        }
        Code::NoStock => "`seckill sale show` says how many units are available",
        Code::Mismatch => "repeat it with the same arguments, or choose a new id",
        Code::Eviction => "set maxmemory-policy to noeviction on the server",
        Code::MaxWaiters => "wait for less, or raise seckill.max-waiters on the server",
        Code::Full => "continue with a new sale: `seckill sale roll OLD NEW`",
        Code::Corrupt => {
            "keep the server's files, and compare a replica: `seckill sale audit` with its --url"
        }
        _ => return None,
    })
}

fn by_redis_error(error: &RedisError) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::AuthenticationFailed => return Some(LOG_IN),
        _ if is_about_certificates(error) => {
            return Some("--tls-ca names the authority of the servers, --tls-cert and --tls-key who you are");
        }
        _ => {}
    }
    Some(match error.code() {
        Some("NOPERM") => "name a user that may do this in SECKILL_URL: redis://USER:PASSWORD@HOST",
        Some("NOAUTH" | "WRONGPASS") => LOG_IN,
        Some("READONLY") => "this is a replica: name the primary, or the sentinels, by --url",
        Some("NOREPLICAS") => "too few replicas keep up: see min-replicas-to-write of the server",
        Some("OOM") => "the server has no memory left for it: raise its maxmemory",
        Some("LOADING") => "the server loads its data: try again soon",
        Some("CLUSTERDOWN" | "MOVED" | "ASK" | "TRYAGAIN") => {
            "a node of the cluster is down, or its slots move: try again soon"
        }
        Some("WRONGTYPE") => "the key is not that of a sale or of a lock",
        None if error.is_connection_refusal() || error.is_io_error() || error.is_timeout() => {
            "is the server running there? --url or SECKILL_URL names another one"
        }
        _ => return None,
    })
}

/// Whether rustls, or the server, did not accept a certificate.
fn is_about_certificates(error: &RedisError) -> bool {
    let shared = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn AnyError + Send + Sync>>());
    let error = shared.and_then(|cause| cause.downcast_ref::<io::Error>());
    let Some(cause) = error.and_then(io::Error::get_ref) else { return false };
    cause.is::<rustls::Error>()
}
