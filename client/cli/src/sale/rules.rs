//! The options for the rules of a sale, which `create` and `alter` have.

use std::time::Duration;

use seckill_client::Alteration;

use crate::times::{When, duration, instant};

/// The rules of a sale. What is not named is not changed; a new sale has none of it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Rules {
    /// Units that one buyer may have; 0: any number
    #[arg(long, value_name = "UNITS")]
    limit: Option<u32>,
    /// How long an order is held until it is confirmed, such as 10m; 0s: orders are sold at once
    #[arg(long, value_name = "TIME", value_parser = duration)]
    hold: Option<Duration>,
    /// When the sale opens: 2026-11-27T20:00:00Z, +10m, now or never (always open)
    #[arg(long, value_name = "WHEN")]
    opens: Option<When>,
    /// When the sale closes, likewise
    #[arg(long, value_name = "WHEN")]
    closes: Option<When>,
    /// Orders that one buyer may place, in whatever state they are; 0: any number
    #[arg(long, value_name = "ORDERS")]
    attempts: Option<u32>,
}

impl Rules {
    /// Whether nothing is named.
    pub(super) fn are_empty(&self) -> bool {
        self.alteration(0) == Alteration::new()
    }

    /// Whether the clock of the server decides on the window.
    pub(super) fn are_relative(&self) -> bool {
        self.opens.into_iter().chain(self.closes).any(When::is_relative)
    }

    /// The options for the window as instants of the calendar, where the clock of the server shows `now`, so that a call can
    /// be repeated: `None` where they are none that the clock decides on.
    pub(super) fn window(&self, now: u64) -> Option<String> {
        let options = [("--opens", self.opens), ("--closes", self.closes)].into_iter();
        let relative =
            options.filter_map(|(name, when)| Some((name, when.filter(|when| when.is_relative())?)));
        let written: Vec<_> =
            relative.map(|(name, when)| format!("{name} {}", instant(when.millis(now)))).collect();
        (!written.is_empty()).then(|| written.join(" "))
    }

    /// The change to these rules, where the clock of the server shows `now`.
    pub(super) fn alteration(&self, now: u64) -> Alteration {
        let mut alteration = Alteration::new();
        if let Some(limit) = self.limit {
            alteration = alteration.limit(limit);
        }
        if let Some(hold) = self.hold {
            alteration = alteration.hold(hold);
        }
        if let Some(opens) = self.opens {
            alteration = alteration.opens(opens.millis(now));
        }
        if let Some(closes) = self.closes {
            alteration = alteration.closes(closes.millis(now));
        }
        if let Some(attempts) = self.attempts {
            alteration = alteration.attempts(attempts);
        }
        alteration
    }
}
