//! The sales that servers have.

use std::collections::BTreeSet;

use redis::cmd;

use crate::exit::Failure;
use crate::servers::Primary;

/// The type of a sale, as TYPE and SCAN have it.
const TYPE: &str = "flashsale";
/// Keys that one call of SCAN looks at: few enough that the server is not busy for long.
const KEYS: u32 = 1000;

/// The keys of all sales that match a pattern such as `summer:*`, in their order.
pub(crate) async fn find(primaries: &mut [Primary], pattern: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let mut found = BTreeSet::new();
    for primary in primaries {
        let mut cursor = 0_u64;
        loop {
            let (next, keys) = scan(primary, cursor, pattern).await?;
            found.extend(keys);
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
    Ok(found.into_iter().collect())
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
