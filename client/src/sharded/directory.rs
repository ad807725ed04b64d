//! The directory of a sharded sale: a hash that says where its shards are.

use std::collections::HashMap;
use std::str::FromStr;

use redis::{Cmd, cmd};
use seckill_core::protocol::Code;

use super::layout::{Layout, MAX_SHARDS};
use crate::client::Client;
use crate::connect::Connect;
use crate::error::{Error, Result};

/// Drawn once, before anything else is written.
const SALT: &str = "salt";
const SHARDS: &str = "shards";
/// Written last: who reads it reads a whole directory.
const HASH: &str = "hash";
const CRC32: &str = "crc32";
const JOURNAL: &str = "journal";
const DONE: &str = "done";

/// The layout of the sale at a key, sharded or ordinary. Who may buy at an ordinary sale needs no further permission.
pub(super) async fn find<C: Connect>(client: &Client<C>, key: &[u8]) -> Result<Layout> {
    let refused = match client.sale(key).info().await {
        Ok(_) => return Ok(Layout::ordinary(key)),
        Err(error) if is(&error, "WRONGTYPE") || is(&error, "NOPERM") => error,
        Err(error) => return Err(error),
    };
    match read(client, key).await {
        Ok(fields) => listed(key, &fields),
        // It is no sale, and no directory or one that may not be read.
        Err(error) if is(&refused, "WRONGTYPE") => Err(error),
        Err(error) if is(&error, "WRONGTYPE") || is(&error, "NOPERM") => Ok(Layout::ordinary(key)),
        Err(error) => Err(error),
    }
}

/// The same, also of a sale whose creation did not come to an end: all that it may have.
pub(super) async fn find_remains<C: Connect>(client: &Client<C>, key: &[u8]) -> Result<Layout> {
    match find(client, key).await {
        Err(error) if error.code() == Some(Code::NoSale) => {}
        found => return found,
    }
    let fields = read(client, key).await?;
    match (number(&fields, SALT), number(&fields, SHARDS)) {
        (Some(salt), Some(shards)) => Layout::new(key, shards, salt),
        (Some(salt), None::<usize>) => Ok(Layout::listed(key, salt, Vec::new())),
        (None, _) => Err(no_directory()),
    }
}

/// A key that is claimed for a sale.
pub(super) struct Claim {
    pub(super) layout: Layout,
    /// The sale was created to the end before.
    pub(super) is_complete: bool,
}

/// Claims the key for a sale of so many shards, which may be claimed again. [`complete`] follows when the shards are there.
pub(super) async fn claim<C: Connect>(client: &Client<C>, key: &[u8], shards: usize) -> Result<Claim> {
    // Before anything is written.
    Layout::new(key, shards, 0)?;
    match read(client, key).await {
        Ok(fields) if !fields.contains_key(SALT.as_bytes()) => return Err(no_directory()),
        Err(error) if is(&error, "WRONGTYPE") => {
            return Err(error_of(Code::BusyKey, "the key holds something else"));
        }
        Err(error) if error.code() != Some(Code::NoSale) => return Err(error),
        _ => {}
    }
    write_once(client, key, SALT, &fastrand::u32(..).to_string()).await?;
    write_once(client, key, SHARDS, &shards.to_string()).await?;
    let fields = read(client, key).await?;
    let (Some(salt), Some(claimed)) = (number(&fields, SALT), number::<usize>(&fields, SHARDS)) else {
        return Err(no_directory());
    };
    if claimed != shards {
        return Err(error_of(Code::BusyKey, format!("the sale at this key has {claimed} shards")));
    }
    let is_complete = fields.contains_key(HASH.as_bytes());
    Ok(Claim { layout: Layout::new(key, shards, salt)?, is_complete })
}

type Fields = HashMap<Vec<u8>, Vec<u8>>;

async fn read<C: Connect>(client: &Client<C>, key: &[u8]) -> Result<Fields> {
    let mut read = cmd("HGETALL");
    read.arg(key);
    let fields: Fields = client.call(&read).await?.reply;
    if fields.is_empty() { Err(error_of(Code::NoSale, "no sale at this key")) } else { Ok(fields) }
}

fn number<T: FromStr>(fields: &Fields, name: &str) -> Option<T> {
    std::str::from_utf8(fields.get(name.as_bytes())?).ok()?.parse().ok()
}

fn no_directory() -> Error {
    error_of(Code::BusyKey, "the hash at this key is not that of a sale")
}

async fn write_once<C: Connect>(client: &Client<C>, key: &[u8], field: &str, value: &str) -> Result<()> {
    let mut write = cmd("HSETNX");
    write.arg(key).arg(field).arg(value);
    client.call::<bool>(&write).await?;
    Ok(())
}

/// Says that all shards are there.
pub(super) async fn complete<C: Connect>(client: &Client<C>, layout: &Layout) -> Result<()> {
    let mut write = cmd("HSET");
    write.arg(layout.name());
    // Again, for a deletion may have come in between: what is there is whole, and can be deleted again.
    write.arg(SALT).arg(layout.salt()).arg(SHARDS).arg(layout.shards().len());
    for (number, shard) in layout.shards().iter().enumerate() {
        write.arg(number.to_string()).arg(shard);
    }
    write.arg(JOURNAL).arg(layout.journal()).arg(DONE).arg(layout.done()).arg(HASH).arg(CRC32);
    client.call::<u64>(&write).await?;
    Ok(())
}

/// Deletes the directory and what is in its slot, after the shards.
///
/// A sale that was created anew since under this name stays.
pub(super) async fn delete<C: Connect>(client: &Client<C>, layout: &Layout) -> Result<()> {
    let mut read = cmd("HGET");
    read.arg(layout.name()).arg(SALT);
    let salt: Option<Vec<u8>> = client.call(&read).await?.reply;
    if salt.is_some_and(|salt| salt != layout.salt().to_string().into_bytes()) {
        return Ok(());
    }
    for key in [&layout.journal()[..], &layout.done(), layout.name()] {
        client.call::<u64>(&unlink(key)).await?;
    }
    Ok(())
}

pub(super) fn unlink(key: &[u8]) -> Cmd {
    let mut unlink = cmd("UNLINK");
    unlink.arg(key);
    unlink
}

fn listed(key: &[u8], fields: &Fields) -> Result<Layout> {
    let salt = number(fields, SALT).ok_or_else(no_directory)?;
    match fields.get(HASH.as_bytes()) {
        Some(hash) if hash == CRC32.as_bytes() => {}
        Some(_) => {
            return Err(error_of(Code::Err, "the sale spreads its buyers in a way that is not known here"));
        }
        None => {
            let message = "the sale is not created yet to the end: create it again, or delete it";
            return Err(error_of(Code::NoSale, message));
        }
    }
    let shards = number(fields, SHARDS).filter(|shards| (1..=MAX_SHARDS).contains(shards));
    let shards = shards.ok_or_else(no_directory)?;
    let shards = (0..shards).map(|shard| Some(fields.get(shard.to_string().as_bytes())?.clone()));
    let shards: Option<Vec<_>> = shards.collect();
    let shards = shards.ok_or_else(|| error_of(Code::BusyKey, "the directory of the sale lacks a shard"))?;
    Ok(Layout::listed(key, salt, shards))
}

fn is(error: &Error, code: &str) -> bool {
    matches!(error, Error::Redis(error) if error.code() == Some(code))
}

fn error_of(code: Code, message: impl Into<String>) -> Error {
    Error::Server { code, message: message.into() }
}
