//! The sales that servers have.

use std::collections::BTreeSet;

use redis::cmd;
use seckill_client::{Code, Error};

use crate::exit::Failure;
use crate::servers::{AnyClient, AnySale, Primary};

/// The type of a sale, as TYPE and SCAN have it.
const TYPE: &str = "flashsale";
/// Keys that one call of SCAN looks at: few enough that the server is not busy for long.
const KEYS: u32 = 1000;

/// The keys of all ordinary sales, and of all shards of others, whose own key or that of the whole sale matches a pattern
/// such as `summer:*`, in their order.
pub(crate) async fn find(primaries: &mut [Primary], pattern: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let mut found = BTreeSet::new();
    for primary in primaries {
        for pattern in patterns(pattern) {
            let mut cursor = 0_u64;
            loop {
                let (next, keys) = scan(primary, cursor, &pattern).await?;
                found.extend(keys);
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// What leads to the sales of a pattern: their keys, and those of their shards.
fn patterns(pattern: &str) -> Vec<String> {
    // The first one has all others.
    let shards = (pattern != "*").then(|| format!("{{{pattern}:[0-9]*:[0-9]*}}"));
    [pattern.to_owned()].into_iter().chain(shards).collect()
}

/// One step of such a search in one primary: the cursor of the next, 0 after the last, and what it found.
pub(crate) async fn scan(
    primary: &mut Primary,
    cursor: u64,
    pattern: &str,
) -> Result<(u64, Vec<Vec<u8>>), Failure> {
    let mut scan = cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS).arg("TYPE").arg(TYPE);
    primary.query(&scan).await
}

/// The sharded sales among keys, and the keys that are not of their shards.
pub(crate) async fn group(
    client: &AnyClient,
    keys: Vec<Vec<u8>>,
) -> Result<(Vec<AnySale>, Vec<Vec<u8>>), Failure> {
    let names: BTreeSet<_> = keys.iter().filter_map(|key| name(key)).collect();
    let mut sharded = Vec::new();
    for name in names {
        match client.sharded(name).await {
            Ok(sale) if !sale.is_ordinary() => sharded.push(sale),
            Ok(_) => {}
            // The key looks like that of a shard, and there is no whole, or not yet.
            Err(error) if is_no_directory(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let shards: BTreeSet<_> =
        sharded.iter().flat_map(AnySale::shards).map(|shard| shard.key().to_owned()).collect();
    let others = keys.into_iter().filter(|key| !shards.contains(key)).collect();
    Ok((sharded, others))
}

/// Whether there is something else at the key, or a directory that only newer programs understand.
fn is_no_directory(error: &Error) -> bool {
    match error {
        Error::Redis(error) => error.code() == Some("WRONGTYPE"),
        error => matches!(error.code(), Some(Code::NoSale | Code::BusyKey | Code::Err)),
    }
}

/// The key of the whole sale, if this may be the key of a shard: `bottles` of `{bottles:3:17}`.
fn name(key: &[u8]) -> Option<&[u8]> {
    let tag = key.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut parts = tag.rsplitn(3, |byte| *byte == b':');
    let are_numbers = parts.by_ref().take(2).filter(|part| is_number(part)).count() == 2;
    parts.next().filter(|name| are_numbers && !name.is_empty())
}

fn is_number(part: &[u8]) -> bool {
    !part.is_empty() && part.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_shard_has_the_name_of_the_sale() {
        assert_eq!(name(b"{bottles:3:17}"), Some(&b"bottles"[..]));
        assert_eq!(name(b"{a:1:2:3:17}"), Some(&b"a:1:2"[..]));
        for other in
            ["bottles", "{bottles}", "{bottles:3}", "{bottles:3:}", "{:3:17}", "{bottles:a:17}", "{3:17}"]
        {
            assert_eq!(name(other.as_bytes()), None, "{other}");
        }
    }
}
