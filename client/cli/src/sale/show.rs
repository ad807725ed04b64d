//! `seckill sale show`.

use std::io::{self, Write};
use std::time::Duration;

use seckill_client::{Info, Rules};

use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::servers::{Connector, Servers};
use crate::times::{instant, length};

/// Show the figures and the rules of a sale
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale show bottles
  seckill sale show bottles --json")]
pub(super) struct Show {
    /// The key of the sale
    sale: String,
}

impl Show {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let handle = servers.client().await?.sale(self.sale);
        output.print(&figures(&handle).await?)?;
        Ok(Exit::Done)
    }
}

/// The figures of a sale at a moment.
#[derive(serde::Serialize)]
pub(super) struct Figures {
    sale: String,
    #[serde(flatten)]
    info: Info,
}

/// The figures of a sale now.
pub(super) async fn figures(handle: &seckill_client::Sale<Connector>) -> Result<Figures, Failure> {
    let sale = String::from_utf8_lossy(handle.key()).into_owned();
    Ok(Figures { sale, info: handle.info().await? })
}

impl output::Show for Figures {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Info { state, available, held, sold, orders, buyers, rules, now, seq, diverged, .. } = &self.info;
        writeln!(out, "{}  {state}", self.sale)?;
        let mut line = |name: &str, value: String| writeln!(out, "  {name:<10} {value}");
        line("available", available.to_string())?;
        line("held", held.to_string())?;
        line("sold", sold.to_string())?;
        line("orders", format!("{orders} by {buyers} buyers"))?;
        line("rules", rules_in_words(rules))?;
        if rules.opens > 0 {
            line("opens", moment(rules.opens, *now))?;
        }
        if rules.closes > 0 {
            line("closes", moment(rules.closes, *now))?;
        }
        line("created", moment(self.info.created, *now))?;
        line("events", seq.to_string())?;
        if *diverged {
            line("diverged", "yes: this copy decides nothing; see `seckill sale audit`".to_owned())?;
        }
        Ok(())
    }
}

/// An instant, and how far away it is.
fn moment(at: u64, now: u64) -> String {
    let away = Duration::from_millis(at.abs_diff(now));
    let away = length(Duration::from_secs(away.as_secs()));
    if at > now { format!("{}, in {away}", instant(at)) } else { format!("{}, {away} ago", instant(at)) }
}

fn rules_in_words(rules: &Rules) -> String {
    let mut words = Vec::new();
    if rules.limit > 0 {
        words.push(format!("at most {} units a buyer", rules.limit));
    }
    if rules.attempts > 0 {
        words.push(format!("at most {} orders a buyer", rules.attempts));
    }
    words.push(if rules.hold.is_zero() {
        "sold at once".to_owned()
    } else {
        format!("held for {}", length(rules.hold))
    });
    words.join(", ")
}
