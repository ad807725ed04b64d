//! What each caller does: drawn from a seed and the number of the order, whatever the callers' sequence is.

use fastrand::Rng;

use super::crowd::Crowd;
use super::told::Ending;

/// A part of all, from 0 to 1: written `5%`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Share(f64);

/// How purchases are drawn.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The begin of all order ids, different in each run.
    pub(super) run: String,
    pub(super) seed: u64,
    pub(super) crowd: Crowd,
    pub(super) qty: u32,
    pub(super) retries: Share,
    pub(super) confirm: Share,
    pub(super) cancel: Share,
}

/// What a caller is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Intent {
    /// The number of the buyer, from 1 on.
    pub(super) buyer: u32,
    /// Whether to make the same purchase again.
    pub(super) again: bool,
    /// What to ask for if the order is held; `None`: abandon it.
    pub(super) ending: Option<Ending>,
}

impl Share {
    /// For clap.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let percent = text.strip_suffix('%').unwrap_or(text).parse();
        match percent {
            Ok(percent @ 0.0..=100.0) => Ok(Self(percent / 100.0)),
            _ => Err("write a part of all, from 0% to 100%".to_owned()),
        }
    }

    /// What is left of all.
    pub(super) fn rest(self) -> Self {
        Self(1.0 - self.0)
    }
}

impl Plan {
    /// The id of an order.
    pub(super) fn order(&self, number: u64) -> String {
        format!("{}-{number}", self.run)
    }

    /// The number of an order of this run. `None` for an order of others.
    pub(super) fn number(&self, order: &[u8]) -> Option<u64> {
        let number = order.strip_prefix(self.run.as_bytes())?.strip_prefix(b"-")?;
        str::from_utf8(number).ok()?.parse().ok()
    }

    /// The name of a buyer: the same in each run, so that limits apply across runs.
    pub(super) fn buyer(number: u32) -> String {
        format!("buyer-{number}")
    }

    /// What the caller does who places this order.
    pub(super) fn draw(&self, number: u64) -> Intent {
        let mut rng = Rng::with_seed(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let buyer = self.crowd.at(rng.f64());
        let again = rng.f64() < self.retries.0;
        let fate = rng.f64();
        let ending = if fate < self.confirm.0 {
            Some(Ending::Confirm)
        } else {
            (fate < self.confirm.0 + self.cancel.0).then_some(Ending::Cancel)
        };
        Intent { buyer, again, ending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let share = |text| Share::parse(text).expect("a share");
        let (retries, confirm, cancel) = (share("5%"), share("70%"), share("10"));
        Plan {
            run: "load-1".to_owned(),
            seed: 1,
            crowd: Crowd::new(100, 0.0),
            qty: 1,
            retries,
            confirm,
            cancel,
        }
    }

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!(Share::parse("12.5%"), Ok(Share(0.125)));
        assert_eq!(Share::parse("100"), Ok(Share(1.0)));
        for wrong in ["", "%", "-1%", "101%", "NaN", "half"] {
            assert!(Share::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_are_kept() {
        let plan = plan();
        let intents: Vec<Intent> = (0..100_000).map(|number| plan.draw(number)).collect();
        let percent =
            |is: fn(&Intent) -> bool| intents.iter().filter(|intent| is(intent)).count() as f64 / 1_000.0;
        assert_eq!(percent(|intent| intent.again).round(), 5.0);
        assert_eq!(percent(|intent| intent.ending == Some(Ending::Confirm)).round(), 70.0);
        assert_eq!(percent(|intent| intent.ending == Some(Ending::Cancel)).round(), 10.0);
        assert_eq!(percent(|intent| intent.buyer <= 50).round(), 50.0);
        assert!(intents.iter().all(|intent| (1..=100).contains(&intent.buyer)));
    }

    #[test]
    fn an_order_is_drawn_by_its_number_alone() {
        let plan = plan();
        assert_eq!(plan.draw(7), plan.draw(7));
        assert_eq!(plan.number(plan.order(7).as_bytes()), Some(7));
        for other in ["load-2-7", "load-1", "load-1-x", "load-17"] {
            assert_eq!(plan.number(other.as_bytes()), None, "{other}");
        }
    }
}
