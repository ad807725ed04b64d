//! The directory of a sharded sale: a hash that says where its shards are.

use std::collections::HashMap;

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
    match client.sale(key).info().await {
        Ok(_) => return Ok(Layout::ordinary(key)),
        Err(error) if is(&error, "WRONGTYPE") || is(&error, "NOPERM") => {}
        Err(error) => return Err(error),
    }
    let mut read = cmd("HGETALL");
    read.arg(key);
    let fields: HashMap<Vec<u8>, Vec<u8>> = match client.call(&read).await.map_err(Error::from) {
        Ok(answer) => answer.reply,
        Err(error) if is(&error, "WRONGTYPE") || is(&error, "NOPERM") => return Ok(Layout::ordinary(key)),
        Err(error) => return Err(error),
    };
    if fields.is_empty() {
        return Err(error(Code::NoSale, "no sale at this key"));
    }
    listed(key, &fields)
}

/// Claims the key for a sale of so many shards, which may be claimed again. [`complete`] follows when the shards are there.
pub(super) async fn claim<C: Connect>(client: &Client<C>, key: &[u8], shards: usize) -> Result<Layout> {
    // Before anything is written.
    Layout::new(key, shards, 0)?;
    write_once(client, key, SALT, &fastrand::u32(..).to_string()).await?;
    write_once(client, key, SHARDS, &shards.to_string()).await?;
    let mut read = cmd("HMGET");
    read.arg(key).arg(SALT).arg(SHARDS);
    let (salt, claimed): (u32, usize) = client.call(&read).await?.reply;
    if claimed != shards {
        return Err(error(Code::BusyKey, format!("the sale at this key has {claimed} shards")));
    }
    Layout::new(key, shards, salt)
}

async fn write_once<C: Connect>(client: &Client<C>, key: &[u8], field: &str, value: &str) -> Result<()> {
    let mut write = cmd("HSETNX");
    write.arg(key).arg(field).arg(value);
    match client.call::<bool>(&write).await {
        Ok(_) => Ok(()),
        Err(failure) if is(&failure.error, "WRONGTYPE") => {
            Err(error(Code::BusyKey, "the key holds something else"))
        }
        Err(failure) => Err(failure.error),
    }
}

/// Says that all shards are there.
pub(super) async fn complete<C: Connect>(client: &Client<C>, layout: &Layout) -> Result<()> {
    let mut write = cmd("HSET");
    write.arg(layout.name());
    for (number, shard) in layout.shards().iter().enumerate() {
        write.arg(number.to_string()).arg(shard);
    }
    write.arg(JOURNAL).arg(layout.journal()).arg(DONE).arg(layout.done()).arg(HASH).arg(CRC32);
    client.call::<u64>(&write).await?;
    Ok(())
}

/// Deletes the directory and what is in its slot, after the shards.
pub(super) async fn delete<C: Connect>(client: &Client<C>, layout: &Layout) -> Result<()> {
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

fn listed(key: &[u8], fields: &HashMap<Vec<u8>, Vec<u8>>) -> Result<Layout> {
    let field = |name: &str| fields.get(name.as_bytes()).map(Vec::as_slice);
    let number = |name| field(name).and_then(|text| std::str::from_utf8(text).ok()?.parse::<usize>().ok());
    let shards = number(SHARDS).filter(|shards| (1..=MAX_SHARDS).contains(shards));
    let Some(shards) = shards else { return Err(error(Code::BusyKey, "the hash is not that of a sale")) };
    match field(HASH) {
        Some(hash) if hash == CRC32.as_bytes() => {}
        Some(_) => {
            return Err(error(Code::Err, "the sale spreads its buyers in a way that is not known here"));
        }
        None => return Err(error(Code::NoSale, "the sale is not created yet to the end: create it again")),
    }
    let shards = (0..shards).map(|shard| Some(field(&shard.to_string())?.to_vec()));
    let shards: Option<Vec<_>> = shards.collect();
    let shards = shards.ok_or_else(|| error(Code::BusyKey, "the directory of the sale lacks a shard"))?;
    Ok(Layout::listed(key, shards))
}

fn is(error: &Error, code: &str) -> bool {
    matches!(error, Error::Redis(error) if error.code() == Some(code))
}

fn error(code: Code, message: impl Into<String>) -> Error {
    Error::Server { code, message: message.into() }
}
