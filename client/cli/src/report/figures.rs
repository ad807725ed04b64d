//! What a report says.

use seckill_client::{Info, Rules};

use super::buyers::Group;
use super::changes::Changes;
use super::flow::Flow;
use super::timeline::{Peak, Series};
use super::waits::Percentiles;

/// The figures of a sale, by its events.
#[derive(Debug, serde::Serialize)]
pub(super) struct Figures {
    /// Units put in, less those taken out.
    pub(super) stock: i64,
    /// Units that it was created with.
    pub(super) created_with: u64,
    pub(super) available: i64,
    pub(super) buyers: u64,
    pub(super) flow: Flow,
    /// How often a hold was extended.
    pub(super) extended: u64,
    /// In unix ms.
    pub(super) created: u64,
    /// As they are after the last event.
    pub(super) rules: Option<Rules>,
    /// Once there is an order.
    pub(super) selling: Option<Selling>,
    pub(super) busiest: Option<Peak>,
    /// From the beginning of selling on.
    pub(super) timeline: Option<Series>,
    /// The busiest times, where the timeline does not show them by the second.
    pub(super) rush: Option<Series>,
    pub(super) orders_a_buyer: Vec<Group>,
    pub(super) until_confirmed_ms: Option<Percentiles>,
    pub(super) changes: Changes,
    pub(super) events: u64,
    /// Events that this version does not understand.
    pub(super) unknown_events: u64,
}

/// When the sale sold, in unix ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Selling {
    pub(super) since: u64,
    /// Whether that is the opening; otherwise it is the first order.
    pub(super) since_opening: bool,
    pub(super) first_order: u64,
    pub(super) last_order: u64,
    /// When an order took the last unit, for the first time.
    pub(super) sold_out: Option<u64>,
}

impl Figures {
    /// Which figures are not those of the server.
    pub(super) fn differences(&self, info: &Info) -> Vec<String> {
        let flow = &self.flow;
        let rule = |rule: fn(&Rules) -> u64| self.rules.as_ref().map_or(0, rule).into();
        let hold = |rules: &Rules| u64::try_from(rules.hold.as_millis()).unwrap_or(u64::MAX);
        let pairs: [(&str, i128, i128); 13] = [
            ("available", self.available.into(), info.available.into()),
            ("held", flow.held_now().units.into(), info.held.into()),
            ("sold", flow.sold_now().units.into(), info.sold.into()),
            ("orders", flow.placed().orders.into(), info.orders.into()),
            ("buyers", self.buyers.into(), info.buyers.into()),
            ("seq", self.events.into(), info.seq.into()),
            ("created", self.created.into(), info.created.into()),
            ("limit", rule(|rules| rules.limit.into()), info.rules.limit.into()),
            ("attempts", rule(|rules| rules.attempts.into()), info.rules.attempts.into()),
            ("hold", rule(hold), hold(&info.rules).into()),
            ("opens", rule(|rules| rules.opens), info.rules.opens.into()),
            ("closes", rule(|rules| rules.closes), info.rules.closes.into()),
            ("unknown events", self.unknown_events.into(), 0),
        ];
        let differ = pairs.into_iter().filter(|(_, ours, theirs)| ours != theirs);
        differ
            .map(|(name, ours, theirs)| format!("{name}: {ours} by the events, {theirs} by the server"))
            .collect()
    }
}

impl Selling {
    /// How long it took to sell everything, in ms.
    pub(super) fn time_to_sold_out(&self) -> Option<u64> {
        Some(self.sold_out?.saturating_sub(self.since))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fold::Fold;
    use super::*;

    fn rules(limit: u32) -> Value {
        json!({"limit": limit, "hold": 500, "opens": 0, "closes": 0, "attempts": 0})
    }

    fn info(changed: &str, to: u64) -> Info {
        let mut info = json!({
            "state": "OPEN", "available": 7, "held": 3, "sold": 0, "orders": 1, "buyers": 1, "rules": rules(2),
            "seq": 2, "term": 1, "created": 1000, "diverged": false, "now": 2000, "room": 9,
        });
        let rule = info["rules"].get(changed).is_some();
        *if rule { &mut info["rules"][changed] } else { &mut info[changed] } = to.into();
        serde_json::from_value(info).unwrap()
    }

    #[test]
    fn a_figure_that_differs_is_named() {
        let mut fold = Fold::new().unwrap();
        let order = json!({"state": "HELD", "order": "a", "buyer": "ann", "qty": 3, "deadline": 1900});
        let kinds = [json!({"created": {"qty": 10, "rules": rules(2)}}), json!({"order": order})];
        for (seq, kind) in (1..).zip(kinds) {
            let event = json!({"seq": seq, "term": 1, "at": 1000, "kind": kind});
            fold.event(&serde_json::from_value(event).unwrap());
        }
        let figures = fold.figures();
        assert_eq!(figures.differences(&info("term", 1)), [""; 0]);
        for name in
            ["available", "held", "sold", "orders", "buyers", "seq", "created", "limit", "hold", "opens"]
        {
            let differences = figures.differences(&info(name, 77));
            let [difference] = &differences[..] else { panic!("{name}: {differences:?}") };
            assert!(difference.starts_with(&format!("{name}: ")), "{difference}");
            assert!(difference.ends_with("77 by the server"), "{difference}");
        }
    }
}
