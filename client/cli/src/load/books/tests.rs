//! Books that agree, and each kind of difference, planted.

use std::collections::HashMap;

use seckill_client::{Event, Info};
use serde_json::json;

use super::compare::compare;
use super::difference::Difference::{self, *};
use super::ledger::Ledger;
use crate::load::crowd::Crowd;
use crate::load::plan::{Plan, Share};
use crate::load::told::Answer::{self, NotYet, Order, Refused, Unknown};
use crate::load::told::Ending::{Cancel, Confirm};
use crate::load::told::Status::{self, Cancelled, Expired, Held, Sold};
use crate::load::told::{Ending, Told};

/// When holds end in these tests; each event has its seq as its time.
const DEADLINE: u64 = 50;

/// A sale of 10 units with a limit of 3, and the orders of a load.
struct Scene {
    ledger: Ledger,
    told: HashMap<u64, Told>,
    seq: u64,
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self { ledger: Ledger::new(info(10, 0, 0, 0, 1)), told: HashMap::new(), seq: 0 };
        scene.enter(&json!({ "created": { "qty": 10, "rules": rules(3, 4) } }));
        scene
    }

    fn enter(&mut self, kind: &serde_json::Value) {
        self.seq += 1;
        let event = json!({ "seq": self.seq, "term": 1, "at": self.seq, "kind": kind });
        self.ledger.enter(event_of(event));
    }

    fn at(&mut self, seq: u64) {
        self.seq = seq - 1;
    }

    fn order(&mut self, status: Status, order: &str, buyer: &str, qty: u32) {
        let state = status.to_string();
        let deadline = (status == Held).then_some(DEADLINE);
        let kind =
            json!({ "state": state, "order": order, "buyer": buyer, "qty": qty, "deadline": deadline });
        self.enter(&json!({ "order": kind }));
    }

    /// An order of two units that went through these states, and what its caller was told.
    fn load(states: &[Status], told: Told) -> Vec<Difference> {
        let mut scene = Self::new();
        for status in states {
            if *status == Expired {
                scene.skip_to_deadline();
            }
            scene.order(*status, "load-1-0", "buyer-7", 2);
        }
        scene.told.insert(0, told);
        scene.compare(states.iter().copied().last())
    }

    /// Events of others, until holds are due.
    fn skip_to_deadline(&mut self) {
        while self.seq + 1 < DEADLINE {
            self.enter(&json!({ "restocked": { "qty": 0, "id": null } }));
        }
    }

    /// The differences where INFO says what two units of one order in this state lead to.
    fn compare(&self, status: Option<Status>) -> Vec<Difference> {
        let after = match status {
            Some(Held) => info(8, 2, 0, 1, self.seq),
            Some(Sold) => info(8, 0, 2, 1, self.seq),
            Some(_) => info(10, 0, 0, 1, self.seq),
            None => info(10, 0, 0, 0, self.seq),
        };
        self.compare_with(&after)
    }

    fn compare_with(&self, after: &Info) -> Vec<Difference> {
        compare(&plan(), &self.told, &[(&self.ledger, after)])
    }
}

fn event_of(event: serde_json::Value) -> Event {
    serde_json::from_value(event).expect("an event")
}

fn rules(limit: u32, attempts: u32) -> serde_json::Value {
    json!({ "limit": limit, "hold": 1000, "opens": 0, "closes": 0, "attempts": attempts })
}

fn info(available: u64, held: u64, sold: u64, orders: u64, seq: u64) -> Info {
    let info = json!({
        "state": "OPEN", "available": available, "held": held, "sold": sold, "orders": orders,
        "buyers": orders, "rules": rules(3, 4), "seq": seq, "term": 1, "created": 1, "diverged": false,
        "now": 1, "room": 1
    });
    serde_json::from_value(info).expect("figures")
}

fn plan() -> Plan {
    let share = Share::parse("0%").expect("a share");
    let (run, confirm, cancel) = ("load-1".to_owned(), share, share);
    Plan { run, seed: 1, crowd: Crowd::new(10, 0.0), qty: 2, retries: share, confirm, cancel }
}

fn told(bought: Answer, again: Option<Answer>, ended: Option<(Ending, Answer)>) -> Told {
    Told { buyer: 7, bought, again, ended }
}

#[test]
fn what_can_have_been_told_agrees() {
    let (held, sold) = (Order(Held), Order(Sold));
    for (states, told) in [
        (&[Sold][..], told(sold, Some(sold), None)),
        (&[Held], told(held, None, None)),
        (&[Held, Expired], told(held, None, None)),
        (&[Held, Expired], told(held, Some(Order(Expired)), None)),
        (&[Held, Sold], told(held, Some(held), Some((Confirm, sold)))),
        (&[Held, Expired], told(held, None, Some((Confirm, Order(Expired))))),
        (&[Held, Cancelled], told(held, None, Some((Cancel, Order(Cancelled))))),
        (&[], told(Refused, Some(Refused), None)),
        // Decided anew.
        (&[Sold], told(Refused, Some(sold), None)),
        // A lost reply leaves both open.
        (&[], told(Unknown, None, None)),
        (&[Held], told(Unknown, None, None)),
        (&[], told(NotYet, None, None)),
        (&[Sold], told(NotYet, None, None)),
        (&[Sold], told(Unknown, Some(Refused), None)),
        (&[Held], told(held, None, Some((Confirm, Unknown)))),
        (&[Held, Sold], told(held, None, Some((Confirm, Unknown)))),
        (&[Held, Sold], told(Unknown, Some(held), Some((Confirm, Unknown)))),
        (&[Held, Cancelled], told(held, None, Some((Cancel, Unknown)))),
    ] {
        assert_eq!(Scene::load(states, told), [], "{states:?}, {told}");
    }
}

#[test]
fn what_cannot_have_been_told_differs() {
    let (held, sold) = (Order(Held), Order(Sold));
    for (states, told) in [
        // Nobody asked for it.
        (&[Held, Cancelled][..], told(held, None, None)),
        (&[Held, Sold], told(held, None, Some((Cancel, Unknown)))),
        (&[Held, Sold], told(held, None, None)),
        (&[Sold, Cancelled], told(sold, None, None)),
        (&[Held, Sold, Cancelled], told(held, None, Some((Confirm, sold)))),
        // Another state than the one that was told.
        (&[Held], told(held, None, Some((Confirm, sold)))),
        (&[Held, Expired], told(held, None, Some((Confirm, sold)))),
        (&[Held, Cancelled], told(held, None, Some((Confirm, Order(Cancelled))))),
        (&[Held], told(sold, None, None)),
        (&[Sold], told(held, None, None)),
        (&[Held, Expired], told(Order(Expired), Some(held), None)),
        // Told before it was asked for.
        (&[Held, Sold], told(held, Some(sold), Some((Confirm, sold)))),
    ] {
        let found = Scene::load(states, told);
        assert!(matches!(found[..], [OtherStates { .. }]), "{states:?}, {told}: {found:?}");
    }
}

#[test]
fn an_order_is_missing_or_too_much() {
    let found = Scene::load(&[], told(Order(Held), None, Some((Confirm, Unknown))));
    assert!(matches!(&found[..], [Missing { order, .. }] if order == "load-1-0"), "{found:?}");
    let found = Scene::load(&[], told(Unknown, Some(Order(Held)), None));
    assert!(matches!(found[..], [Missing { .. }]), "{found:?}");
    let found = Scene::load(&[Sold], told(Refused, None, None));
    assert!(matches!(found[..], [Difference::Refused { .. }]), "{found:?}");
    let found = Scene::load(&[Sold], told(Order(Sold), Some(Refused), None));
    assert!(matches!(found[..], [Contradiction { .. }]), "{found:?}");

    let mut scene = Scene::new();
    scene.order(Sold, "load-1-9", "buyer-7", 2);
    assert!(matches!(scene.compare(Some(Sold))[..], [NotPlaced { .. }]));
}

#[test]
fn an_order_is_of_its_buyer_and_units() {
    for (buyer, qty, is_his) in [("buyer-7", 2, true), ("buyer-8", 2, false), ("buyer-7", 1, false)] {
        let mut scene = Scene::new();
        scene.order(Held, "load-1-0", buyer, qty);
        scene.told.insert(0, told(Order(Held), None, None));
        let after = info(10 - u64::from(qty), qty.into(), 0, 1, 2);
        let found = scene.compare_with(&after);
        assert_eq!(found.is_empty(), is_his, "{found:?}");
        assert!(is_his || matches!(found[..], [OtherPurchase { .. }]), "{found:?}");
    }
    let found = Scene::load(&[Held, Held], told(Order(Held), None, None));
    assert!(matches!(found[..], [Extended { .. }]), "{found:?}");
}

/// Others extend, refund and restock as they like, but the sale keeps its own rules.
#[test]
fn the_orders_of_others_need_only_be_possible() {
    let mut scene = Scene::new();
    for status in [Held, Held, Sold, Cancelled] {
        scene.order(status, "theirs", "ann", 2);
    }
    assert_eq!(scene.compare(Some(Cancelled)), []);
    scene.order(Sold, "theirs", "ann", 2);
    assert!(matches!(scene.compare(Some(Cancelled))[..], [Impossible { .. }]));
}

#[test]
fn a_sale_keeps_its_rules() {
    let mut scene = Scene::new();
    for (order, buyer) in ["1", "2", "3", "4", "5"].iter().zip(["ann", "bob", "ann", "cid", "dan"]) {
        scene.order(Sold, order, buyer, 2);
    }
    scene.order(Sold, "6", "eve", 1);
    let after = info(0, 0, 11, 6, 7);
    let found = scene.compare_with(&after);
    let limit = OverLimit { buyer: "ann".to_owned(), units: 4, limit: 3, seq: 4 };
    assert_eq!(found[..2], [limit, Oversold { seq: 7, missing: 1 }]);

    let mut scene = Scene::new();
    for number in 0..5 {
        scene.order(Held, &number.to_string(), "ann", 1);
        scene.order(Cancelled, &number.to_string(), "ann", 1);
    }
    let found = scene.compare_with(&info(10, 0, 0, 5, 11));
    assert!(matches!(found[0], OverAttempts { orders: 5, attempts: 4, .. }), "{found:?}");

    let mut scene = Scene::new();
    scene.order(Held, "1", "ann", 2);
    scene.order(Expired, "1", "ann", 2);
    let found = scene.compare(Some(Expired));
    assert_eq!(found, [ExpiredEarly { order: "1".to_owned(), early_ms: DEADLINE - 3 }]);
}

#[test]
fn events_lead_to_the_figures_of_info() {
    let scene = Scene::new();
    assert!(matches!(
        scene.compare_with(&info(9, 1, 0, 0, 1))[..],
        [OtherFigures { when: "after the load", .. }]
    ));

    let mut scene = Scene::new();
    scene.at(5);
    scene.order(Sold, "1", "ann", 2);
    assert_eq!(scene.compare(Some(Sold)), [Gap { last: 1, found: 5 }]);

    // A failover took back what the sale had when the load began.
    let mut ledger = Ledger::new(info(10, 0, 0, 0, 9));
    ledger.enter(event_of(
        json!({ "seq": 1, "term": 1, "at": 1, "kind": { "created": { "qty": 10, "rules": rules(3, 4) } } }),
    ));
    let found = compare(&plan(), &HashMap::new(), &[(&ledger, &info(10, 0, 0, 0, 1))]);
    assert_eq!(found, [LostHistory { seq: 9 }]);
}
