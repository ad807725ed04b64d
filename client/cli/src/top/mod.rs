//! `seckill top`: a live view of servers and sales.

mod app;
mod follow;
mod format;
mod holds;
mod input;
mod keyboard;
mod links;
mod live;
mod model;
mod named;
mod once;
mod sample;
mod sampler;
mod sampling;
mod screen;
mod search;
mod series;
mod server_figures;
mod sort;
#[cfg(test)]
mod test_sale;
mod view;

use std::env;
use std::time::Duration;

use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::servers::Servers;
use crate::times;
use sampler::{MAX_SALES, Sales, Sampler};
use search::Search;
use view::Theme;

/// Watch servers and sales live, on the terminal
///
/// Shows the stock, orders, holds and buyers of up to 50 sales, and the locks, refusals, memory and replicas of the servers. One pass
/// an interval reads INFO of each primary once, and SECKILL.INFO of each sale once. A sale is shown in detail by Enter: then its
/// latest events are read, too. Without names, the sales are found by SCAN: 100,000 keys a pass at most, and again 30s after the end of
/// the search. A server that does not answer within the interval is left out of a pass; the others are shown without it. The key ? explains all keys. NO_COLOR in the environment turns colours off.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill top
  seckill top bottles --interval 2s
  seckill top --match 'sale:2026-11-27:*'
  seckill top --once
  seckill top --once --json")]
pub(crate) struct Top {
    /// The keys of the sales [default: all sales of the servers]; of a sharded sale each shard is shown
    #[arg(value_name = "SALE")]
    sales: Vec<String>,
    /// Only sales whose key matches this pattern of SCAN
    #[arg(long = "match", value_name = "PATTERN", default_value = "*", conflicts_with = "sales")]
    pattern: String,
    /// Time from one pass to the next, at least 1s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// Print one picture after two passes, and end; with --json as one object
    #[arg(long)]
    once: bool,
}

/// The servers are not to be asked more often.
fn interval(text: &str) -> Result<Duration, String> {
    match times::duration(text)? {
        time if time < Duration::from_secs(1) => Err("it must be 1s or longer".to_owned()),
        time if time > Duration::from_secs(3600) => Err("it must be 1h or shorter".to_owned()),
        time => Ok(time),
    }
}

impl Top {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        if !self.once {
            require_terminal(output)?;
        }
        let is_named = !self.sales.is_empty();
        let sales = match self.sales {
            keys if keys.len() > MAX_SALES => {
                return Err(Failure::Usage(format!("name {MAX_SALES} sales at most, not {}", keys.len())));
            }
            keys if !keys.is_empty() => Sales::Named(named::keys(servers, keys).await?),
            _ => Sales::Found(Search::new(self.pattern)),
        };
        let mut sampler = Sampler::new(servers.clone(), sales);
        // What is wrong from the beginning is said on a terminal as it was.
        let mut first = sampler.pass(None).await?;
        if self.once {
            // In the live view, a sale that is named may be created later.
            let all_failed = first.sales.values().all(Result::is_err);
            // A server that does not answer hides no shard of the others.
            let failed = first.sales.iter().find(|(_, sale)| {
                let failure = sale.as_ref().err().filter(|_| is_named);
                failure.is_some_and(|failure| all_failed || !matches!(failure, Failure::Server(_)))
            });
            let failed = failed.map(|(key, _)| key.clone());
            if let Some(Err(failure)) = failed.and_then(|key| first.sales.remove(&key)) {
                return Err(failure);
            }
            return once::run(sampler, first, self.interval, output).await;
        }
        sampler.keep_to(self.interval);
        live::run(sampler, first, self.interval, Theme::new(has_colours())).await
    }
}

fn require_terminal(output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return Err(Failure::Usage("a live view is no JSON: add --once".to_owned()));
    }
    if !output::is_terminal() {
        return Err(Failure::Usage(
            "a live view needs a terminal: add --once to print one picture".to_owned(),
        ));
    }
    Ok(())
}

/// The convention is that any text in `NO_COLOR` turns colours off.
fn has_colours() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
