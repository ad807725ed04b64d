//! The shards of a sale, each by itself.

use std::io::{self, Write};
use std::time::Duration;

use seckill_client::{Info, ShardedInfo};

use crate::count::count;
use crate::names::Name;
use crate::output::Show;
use crate::servers::AnySale;
use crate::table::table;

/// What a sharded sale has beside its sums.
#[derive(serde::Serialize)]
pub(super) struct Shards {
    /// Units of transfers that had begun, and that may be missing in the sums.
    under_way: u64,
    /// How long it took to read all shards, in ms.
    #[serde(serialize_with = "millis")]
    span: Duration,
    shards: Vec<Shard>,
}

/// One of them.
#[derive(serde::Serialize)]
struct Shard {
    #[serde(serialize_with = "crate::names::serialize")]
    sale: Vec<u8>,
    #[serde(flatten)]
    info: Info,
}

impl Shards {
    /// Those of a sale with these figures; `None` of an ordinary sale.
    pub(super) fn of(sale: &AnySale, info: ShardedInfo) -> Option<Self> {
        if sale.is_ordinary() {
            return None;
        }
        let shards = sale.shards().into_iter().zip(info.shards);
        let shards = shards.map(|(shard, info)| Shard { sale: shard.key().to_owned(), info });
        Some(Self { under_way: info.under_way, span: info.span, shards: shards.collect() })
    }

    /// An alteration that did not come to its end is seen by that.
    fn have_different_rules(&self) -> bool {
        self.shards.windows(2).any(|pair| pair[0].info.rules != pair[1].info.rules)
    }
}

impl Show for Shards {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { under_way, span, shards } = self;
        let millis = span.as_secs_f64() * 1000.0;
        writeln!(
            out,
            "  {:<10} {} within {millis:.1} ms, not at one instant",
            "read",
            count(shards.len(), "shard")
        )?;
        if *under_way > 0 {
            writeln!(out, "  {:<10} up to {}, missing above", "on the way", count(under_way, "unit"))?;
        }
        if self.have_different_rules() {
            let advice = "an alteration was not finished: repeat it; the rules are those of shard 0";
            writeln!(out, "  {:<10} {advice}", "differ")?;
        }
        let mut table = table(&[">SHARD", "KEY", "STATE", ">LEFT", ">HELD", ">SOLD", ">ORDERS", ">EVENTS"]);
        for (number, Shard { sale, info }) in shards.iter().enumerate() {
            table.add_row([
                number.to_string(),
                Name(sale).to_string(),
                if info.diverged { format!("{}, DIVERGED", info.state) } else { info.state.to_string() },
                info.available.to_string(),
                info.held.to_string(),
                info.sold.to_string(),
                info.orders.to_string(),
                info.seq.to_string(),
            ]);
        }
        writeln!(out, "\n{}", table.trim_fmt())
    }
}

fn millis<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
