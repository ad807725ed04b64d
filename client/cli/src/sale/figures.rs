//! The figures of a sale, as several commands print them.

use std::io::{self, Write};

use seckill_client::{Info, Rules};

use super::shards::Shards;
use crate::count::count;
use crate::exit::Failure;
use crate::names::Name;
use crate::output::Show;
use crate::servers::AnySale;
use crate::times::{length, moment};

/// The figures of a sale at a moment: those of a sharded one are sums.
#[derive(serde::Serialize)]
pub(super) struct Figures {
    #[serde(serialize_with = "crate::names::serialize")]
    sale: Vec<u8>,
    #[serde(flatten)]
    info: Info,
    #[serde(flatten)]
    shards: Option<Shards>,
}

/// The figures of a sale now.
pub(super) async fn figures(sale: &AnySale) -> Result<Figures, Failure> {
    let info = sale.info().await?;
    Ok(Figures { sale: sale.key().to_owned(), info: info.total(), shards: Shards::of(sale, info) })
}

impl Show for Figures {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Info { state, available, held, sold, orders, buyers, rules, now, seq, diverged, .. } = &self.info;
        writeln!(out, "{}  {state}", Name(&self.sale))?;
        let mut line = |name: &str, value: String| writeln!(out, "  {name:<10} {value}");
        line("available", available.to_string())?;
        line("held", held.to_string())?;
        line("sold", sold.to_string())?;
        line("orders", format!("{orders} by {}", count(buyers, "buyer")))?;
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
        self.shards.as_ref().map_or(Ok(()), |shards| shards.show(out))
    }
}

/// The rules of a sale, for a person.
pub(crate) fn rules_in_words(rules: &Rules) -> String {
    let mut words = Vec::new();
    if rules.limit > 0 {
        words.push(format!("at most {} a buyer", count(rules.limit, "unit")));
    }
    if rules.attempts > 0 {
        words.push(format!("at most {} a buyer", count(rules.attempts, "order")));
    }
    words.push(if rules.hold.is_zero() {
        "sold at once".to_owned()
    } else {
        format!("held for {}", length(rules.hold))
    });
    words.join(", ")
}
