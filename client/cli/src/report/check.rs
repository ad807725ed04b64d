//! Whether the figures by the events are those of the server.

use seckill_client::{Info, Rules};

use super::figures::Figures;

/// Which figures are not those of the server.
pub(super) fn differences(figures: &Figures, info: &Info) -> Vec<String> {
    let flow = &figures.flow;
    let rule = |rule: fn(&Rules) -> u64| figures.rules.as_ref().map_or(0, rule).into();
    let hold = |rules: &Rules| u64::try_from(rules.hold.as_millis()).unwrap_or(u64::MAX);
    let pairs: [(&str, i128, i128); 13] = [
        ("available", figures.available.into(), info.available.into()),
        ("held", flow.held_now().units.into(), info.held.into()),
        ("sold", flow.sold_now().units.into(), info.sold.into()),
        ("orders", flow.placed().orders.into(), info.orders.into()),
        ("buyers", figures.buyers.into(), info.buyers.into()),
        ("seq", figures.events.into(), info.seq.into()),
        ("created", figures.created.into(), info.created.into()),
        ("limit", rule(|rules| rules.limit.into()), info.rules.limit.into()),
        ("attempts", rule(|rules| rules.attempts.into()), info.rules.attempts.into()),
        ("hold", rule(hold), hold(&info.rules).into()),
        ("opens", rule(|rules| rules.opens), info.rules.opens.into()),
        ("closes", rule(|rules| rules.closes), info.rules.closes.into()),
        ("unknown events", figures.unknown_events.into(), 0),
    ];
    let differ = pairs.into_iter().filter(|(_, ours, theirs)| ours != theirs);
    differ
        .map(|(name, ours, theirs)| format!("{name}: {ours} by the events, {theirs} by the server"))
        .collect()
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
        assert_eq!(differences(&figures, &info("term", 1)), [""; 0]);
        for name in
            ["available", "held", "sold", "orders", "buyers", "seq", "created", "limit", "hold", "opens"]
        {
            let differences = differences(&figures, &info(name, 77));
            let [difference] = &differences[..] else { panic!("{name}: {differences:?}") };
            assert!(difference.starts_with(&format!("{name}: ")), "{difference}");
            assert!(difference.ends_with("77 by the server"), "{difference}");
        }
    }
}
