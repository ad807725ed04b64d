//! `seckill sale list`.

use std::io::{self, Write};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use seckill_client::{Code, Info};
use tokio::time::sleep;

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, json_lines, write_out};
use crate::sales;
use crate::servers::{AnyClient, Servers};
use crate::table::table;
use crate::times::{away, duration};

/// Calls that are made at a time.
const AT_ONCE: usize = 64;

/// List all sales, with their stock and rates
///
/// The rates are those of the time between two looks at each sale.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale list
  seckill sale list 'summer:*' --interval 0s --json")]
pub(super) struct List {
    /// Only keys that match, as in SCAN
    #[arg(default_value = "*")]
    pattern: String,
    /// The time over which rates are measured; 0s: no rates
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
}

/// A sale.
#[derive(serde::Serialize)]
struct Row {
    #[serde(serialize_with = "crate::names::serialize")]
    sale: Vec<u8>,
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
        let before = look(&client, &keys).await?;
        let rows = if self.interval.is_zero() || keys.is_empty() {
            before.into_iter().map(|(sale, info)| Row { sale, info, rates: None }).collect()
        } else {
            sleep(self.interval).await;
            rows(&before, look(&client, &keys).await?)
        };
        write_out(|out| if output.is_json() { json_lines(&rows, out) } else { text(&rows, out) })?;
        Ok(Exit::Done)
    }
}

/// The figures of each sale that is there.
async fn look(client: &AnyClient, keys: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Info)>, Failure> {
    let look = async |key: &Vec<u8>| match client.sale(key.as_slice()).info().await {
        Ok(info) => Ok(Some((key.clone(), info))),
        // It was deleted after it was found.
        Err(error) if error.code() == Some(Code::NoSale) => Ok(None),
        Err(error) => Err(Failure::from(error)),
    };
    let looks = stream::iter(keys).map(look).buffered(AT_ONCE);
    looks.try_filter_map(async |found| Ok(found)).try_collect().await
}

fn rows(before: &[(Vec<u8>, Info)], after: Vec<(Vec<u8>, Info)>) -> Vec<Row> {
    let row = |(sale, info): (Vec<u8>, Info)| {
        let known = before.iter().find(|(key, _)| *key == sale);
        let rates = known.and_then(|(_, known)| Rates::between(known, &info));
        Row { sale, info, rates }
    };
    after.into_iter().map(row).collect()
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
    for Row { sale, info, rates } in rows {
        let rate = rates.as_ref().map(|rates| format!("{:.1}", rates.orders_per_second));
        table.add_row([
            Name(sale).to_string(),
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
