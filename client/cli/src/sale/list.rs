//! `seckill sale list`.

use std::io::{self, Write};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use seckill_client::{Code, Info, Sale};
use tokio::time::sleep;

use crate::count::count;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, json_lines, write_out};
use crate::sales;
use crate::servers::{AnyClient, AnySale, Connector, Servers};
use crate::table::table;
use crate::times::{away, duration};

/// Calls that are made at a time.
const AT_ONCE: usize = 64;

/// List all sales, with their stock and rates
///
/// The rates are those of the time between two looks at each sale. A sharded sale is one line with sums.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale list
  seckill sale list --shards
  seckill sale list 'summer:*' --interval 0s --json")]
pub(super) struct List {
    /// Only keys that match, as in SCAN
    #[arg(default_value = "*")]
    pattern: String,
    /// The time over which rates are measured; 0s: no rates
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// List each shard of a sharded sale
    #[arg(long)]
    shards: bool,
}

/// A sale.
#[derive(serde::Serialize)]
struct Row {
    #[serde(serialize_with = "crate::names::serialize")]
    sale: Vec<u8>,
    /// How many shards it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    shards: Option<usize>,
    #[serde(flatten)]
    info: Info,
    #[serde(flatten)]
    rates: Option<Rates>,
}

/// How much happened in a second.
#[derive(serde::Serialize)]
struct Rates {
    orders_per_second: f64,
    events_per_second: f64,
}

impl List {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let connector = servers.connector().await?;
        let keys = sales::find(&mut servers.primaries(&connector).await?, &self.pattern).await?;
        let client = servers.client_of(connector);
        let sales = self.sales(&client, keys).await?;
        let mut rows = look(&sales).await?;
        let broken = find_broken(&client, &sales, &rows).await;
        if !self.interval.is_zero() && !rows.is_empty() {
            sleep(self.interval).await;
            let before = std::mem::replace(&mut rows, look(&sales).await?);
            add_rates(&mut rows, &before);
        }
        write_out(|out| if output.is_json() { json_lines(&rows, out) } else { text(&rows, out) })?;
        broken.map_or(Ok(Exit::Done), Err)
    }
}

impl List {
    /// The sales that are listed, in the order of their keys.
    async fn sales(&self, client: &AnyClient, keys: Vec<Vec<u8>>) -> Result<Vec<Listed>, Failure> {
        let (sharded, others) =
            if self.shards { (Vec::new(), keys) } else { sales::group(client, keys).await? };
        let others = others.into_iter().map(|key| Listed::One(client.sale(key)));
        let mut listed: Vec<_> = sharded.into_iter().map(Listed::Sharded).chain(others).collect();
        listed.sort_by(|one, other| one.key().cmp(other.key()));
        Ok(listed)
    }
}

/// What is a line of its own.
enum Listed {
    /// An ordinary sale, or a shard.
    One(Sale<Connector>),
    Sharded(AnySale),
}

impl Listed {
    fn key(&self) -> &[u8] {
        match self {
            Self::One(sale) => sale.key(),
            Self::Sharded(sale) => sale.key(),
        }
    }

    async fn look(&self) -> seckill_client::Result<Row> {
        let (shards, info) = match self {
            Self::One(sale) => (None, sale.info().await?),
            Self::Sharded(sale) => (Some(sale.shards().len()), sale.info().await?.total()),
        };
        Ok(Row { sale: self.key().to_owned(), shards, info, rates: None })
    }
}

/// The figures of each sale that is there.
async fn look(sales: &[Listed]) -> Result<Vec<Row>, Failure> {
    let look = async |sale: &Listed| match sale.look().await {
        Ok(row) => Ok(Some(row)),
        // It was deleted after it was found.
        Err(error) if error.code() == Some(Code::NoSale) => Ok(None),
        Err(error) => Err(Failure::from(error)),
    };
    let looks = stream::iter(sales).map(look).buffered(AT_ONCE);
    looks.try_filter_map(async |found| Ok(found)).try_collect().await
}

/// A sale that is not listed because it has lost a shard, and was not deleted after it was found.
async fn find_broken(client: &AnyClient, sales: &[Listed], rows: &[Row]) -> Option<Failure> {
    for listed in sales {
        let Listed::Sharded(sale) = listed else { continue };
        let is_listed = rows.iter().any(|row| row.sale == sale.key());
        if is_listed || client.sharded(sale.key()).await.is_err() {
            continue;
        }
        for shard in sale.shards() {
            if shard.info().await.is_err_and(|error| error.code() == Some(Code::NoSale)) {
                let (sale, shard) = (Name(sale.key()), Name(shard.key()));
                return Some(Failure::Refused(format!("{sale} is not listed: its shard {shard} is gone")));
            }
        }
    }
    None
}

fn add_rates(rows: &mut [Row], before: &[Row]) {
    for row in rows {
        let known = before.iter().find(|known| known.sale == row.sale);
        row.rates = known.and_then(|known| Rates::between(&known.info, &row.info));
    }
}

impl Rates {
    fn between(before: &Info, after: &Info) -> Option<Self> {
        let seconds = Duration::from_millis(after.now.checked_sub(before.now)?).as_secs_f64();
        let rate = |before: u64, after: u64| Some(after.checked_sub(before)? as f64 / seconds);
        let is_same = seconds > 0.0 && before.created == after.created;
        is_same.then_some(())?;
        Some(Self {
            orders_per_second: rate(before.orders, after.orders)?,
            events_per_second: rate(before.seq, after.seq)?,
        })
    }
}

fn text(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "no sales");
    }
    let columns = ["SALE", "STATE", ">LEFT", ">HELD", ">SOLD", ">ORDERS", ">BUYERS", ">ORDERS/S", "WINDOW"];
    let mut table = table(&columns);
    for Row { sale, shards, info, rates } in rows {
        let rate = rates.as_ref().map(|rates| format!("{:.1}", rates.orders_per_second));
        table.add_row([
            shards.map_or_else(
                || Name(sale).to_string(),
                |shards| format!("{} ({})", Name(sale), count(shards, "shard")),
            ),
            if info.diverged { format!("{}, DIVERGED", info.state) } else { info.state.to_string() },
            info.available.to_string(),
            info.held.to_string(),
            info.sold.to_string(),
            info.orders.to_string(),
            info.buyers.to_string(),
            rate.unwrap_or_else(|| "-".to_owned()),
            window(info),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())
}

/// What comes next: the opening or the end.
fn window(info: &Info) -> String {
    let Info { rules, now, .. } = info;
    match (rules.opens, rules.closes) {
        (opens, _) if opens > *now => format!("opens in {}", away(opens, *now)),
        (_, closes) if closes > *now => format!("closes in {}", away(closes, *now)),
        (_, closes) if closes > 0 => format!("closed {} ago", away(closes, *now)),
        _ => String::new(),
    }
}
