//! The comparison of the sale with what callers were told.

use std::collections::{HashMap, HashSet};

use seckill_client::Info;

use super::difference::Difference;
use super::history::History;
use super::ledger::{Account, Ledger, text};
use crate::load::plan::Plan;
use crate::load::told::{Answer, Status, Told};

/// All differences: of each shard by itself, where INFO says this after its last event, and with what was told about the
/// orders of a plan. Those of others are told apart by their ids.
pub(crate) fn compare(
    plan: &Plan,
    told: &HashMap<u64, Told>,
    shards: &[(&Ledger, &Info)],
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut found = HashSet::new();
    for (ledger, after) in shards {
        differences.extend(ledger.differences(after));
        let numbered =
            ledger.orders.iter().filter_map(|(order, account)| Some((plan.number(order)?, account)));
        for (number, account) in numbered {
            if !found.insert(number) {
                differences.push(Difference::Doubled { order: plan.order(number) });
            }
            differences.extend(of_recorded(plan, number, told.get(&number), ledger, account));
        }
    }
    for (number, told) in told {
        let order = plan.order(*number);
        if contradicts_itself(told) {
            differences.push(Difference::Contradiction { order, told: *told });
        } else if exists(told) && !found.contains(number) {
            differences.push(Difference::Missing { order, told: *told });
        }
    }
    differences
}

/// The difference of an order that the sale has.
fn of_recorded(
    plan: &Plan,
    number: u64,
    told: Option<&Told>,
    ledger: &Ledger,
    account: &Account,
) -> Option<Difference> {
    let (order, found) = (plan.order(number), account.history);
    let Some(told) = told.copied() else { return Some(Difference::NotPlaced { order, found }) };
    let buyer = ledger.buyer_of(account);
    if buyer != Plan::buyer(told.buyer).as_bytes() || account.qty != plan.qty {
        return Some(Difference::OtherPurchase { order, buyer: text(buyer), qty: account.qty });
    }
    if told.purchases().all(|answer| answer == Answer::Refused) {
        return Some(Difference::Refused { order, told, found });
    }
    if account.was_extended {
        return Some(Difference::Extended { order });
    }
    (!fits(&told, &found)).then_some(Difference::OtherStates { order, told, found })
}

/// Whether a caller was told that the order exists.
fn exists(told: &Told) -> bool {
    told.answers().any(|answer| answer.status().is_some())
}

/// Orders are never removed.
fn contradicts_itself(told: &Told) -> bool {
    told.bought.status().is_some() && matches!(told.again, Some(Answer::Refused | Answer::NotYet))
}

/// Whether an order that went through these states can have been reported so.
fn fits(told: &Told, history: &History) -> bool {
    let asked = told.ended.map(|(ending, _)| ending.status());
    let caused = |status| status == Status::Expired || Some(status) == asked;
    let is_asked_for = history.states().skip(1).all(caused);
    // Each answer is a state that the order had, and not an earlier one than the answer before.
    let mut left = history.states().peekable();
    let is_in_sequence = told.answers().filter_map(Answer::status).all(|status| {
        while left.peek().is_some_and(|next| *next != status) {
            left.next();
        }
        left.peek().is_some()
    });
    // Whatever was answered to the ending is final: nothing but a hold in time changes an order.
    let is_final = told.ended.and_then(|(_, answer)| answer.status()).is_none_or(|end| end == history.last());
    is_asked_for && is_in_sequence && is_final && !is_answered_too_early(told, history)
}

/// Whether the state that only the ending leads to was reported before the ending was asked for.
fn is_answered_too_early(told: &Told, history: &History) -> bool {
    let Some((ending, _)) = told.ended else { return false };
    let is_caused = history.states().skip(1).any(|status| status == ending.status());
    is_caused && told.purchases().any(|answer| answer == Answer::Order(ending.status()))
}
