//! ORDER, BUYER, EVENTS, INFO, AUDIT: what is read from a sale.

use seckill_core::Sale;
use seckill_core::command::{Query, Rules};
use seckill_core::error::Error;
use seckill_core::events::{Entry, Event, Standing};
use seckill_core::read::{Claim, OrderView};
use seckill_core::wire::{EventName, field};

use super::{Call, Failure, Result};
use crate::redis::{Context, Key, Kind};
use crate::state::Now;

pub(super) fn read(call: &Call<'_>, sale: &[u8], query: &Query<'_>) -> Result {
    let context = call.context;
    let key = Key::read(context, call.string_of(sale)?);
    if !matches!(key.kind(), Kind::Nothing | Kind::Sale) {
        return Err(Failure::WrongType);
    }
    if matches!(query, Query::Audit) && context.flags().is_nested() {
        return Err(Failure::Nested);
    }
    if matches!(query, Query::Events { block: Some(_), .. }) && context.flags().may_block() {
        return Err(Failure::NoBlocking);
    }
    let sale = &key.stored().ok_or(Error::NoSale)?.sale;
    match *query {
        Query::Order { order: id } => order(context, sale, id),
        Query::Buyer { buyer: name } => buyer(context, sale, name),
        Query::Events { after, term, count, .. } => events(context, sale, after, term, count)?,
        Query::Info => info(context, sale),
        Query::Audit => sale.audit().map(|()| context.reply_word("OK")).map_err(Error::Corrupt)?,
    }
    Ok(())
}

fn order(context: &Context, sale: &Sale, id: &[u8]) {
    let Some(OrderView { claim, state, at, deadline, seq }) = sale.order(id, Now::read().ms()) else {
        return context.reply_null();
    };
    context.reply_map(7);
    claim_fields(context, &claim);
    word(context, field::STATE, state.as_str());
    integer(context, field::AT, at);
    integer(context, field::DEADLINE, deadline);
    integer(context, field::SEQ, seq);
}

fn buyer(context: &Context, sale: &Sale, name: &[u8]) {
    let units = sale.buyer_units(name);
    context.reply_map(3);
    integer(context, field::HELD, units.held);
    integer(context, field::SOLD, units.sold);
    context.reply_bytes(field::ORDERS.as_bytes());
    context.reply_array();
    let mut count = 0;
    for order in sale.buyer_orders(name) {
        context.reply_bytes(&order.text());
        count += 1;
    }
    context.reply_array_length(count);
}

fn info(context: &Context, sale: &Sale) {
    let info = sale.info(Now::read().ms());
    context.reply_map(14);
    word(context, field::STATE, info.state.as_str());
    integer(context, field::AVAILABLE, info.available);
    integer(context, field::HELD, info.held);
    integer(context, field::SOLD, info.sold);
    integer(context, field::ORDERS, u64::from(info.orders));
    integer(context, field::BUYERS, u64::from(info.buyers));
    rules(context, &info.rules);
    integer(context, field::SEQ, info.seq);
    integer(context, field::TERM, info.term);
    integer(context, field::CREATED, info.created);
    integer(context, field::DIVERGED, u64::from(info.diverged));
}

fn events(context: &Context, sale: &Sale, after: u64, term: Option<u64>, count: u64) -> Result {
    if let Some(term) = term {
        sale.check_reader(term, after)?;
    }
    context.reply_array();
    let mut length = 0;
    for entry in sale.events(after).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        event(context, sale, &entry);
        length += 1;
    }
    context.reply_array_length(length);
    Ok(())
}

/// Fields that every event has.
const COMMON: usize = 4;

fn event(context: &Context, sale: &Sale, entry: &Entry<'_>) {
    let begin = |name: EventName, more: usize| {
        context.reply_map(COMMON + more);
        integer(context, field::SEQ, entry.seq);
        integer(context, field::TERM, entry.term);
        integer(context, field::AT, entry.at);
        word(context, field::EVENT, name.as_str());
    };
    let claim_event = |claim: &Claim<'_>, standing: Standing| {
        let held = matches!(standing, Standing::Held { .. });
        begin(standing.event_name(), if held { 4 } else { 3 });
        claim_fields(context, claim);
        if held {
            integer(context, field::DEADLINE, standing.deadline());
        }
    };
    match entry.event {
        Event::Created { stock, rules: given } => {
            begin(EventName::Created, 5);
            integer(context, field::QTY, stock);
            rules(context, &given);
        }
        Event::Altered { rules: given } => {
            begin(EventName::Altered, 4);
            rules(context, &given);
        }
        Event::Restocked { delta, id } => {
            begin(EventName::Restocked, 2);
            context.reply_bytes(field::QTY.as_bytes());
            context.reply_signed(delta);
            context.reply_bytes(field::ID.as_bytes());
            match id {
                Some(id) => context.reply_bytes(&id.text()),
                None => context.reply_null(),
            }
        }
        Event::Opened { order, buyer, qty, standing } => claim_event(&Claim { order, buyer, qty }, standing),
        Event::Moved { order, standing } => match sale.claim(order) {
            Some(claim) => claim_event(&claim, standing),
            None => context.reply_null(),
        },
    }
}

fn claim_fields(context: &Context, claim: &Claim<'_>) {
    context.reply_bytes(field::ORDER.as_bytes());
    context.reply_bytes(&claim.order.text());
    context.reply_bytes(field::BUYER.as_bytes());
    context.reply_bytes(&claim.buyer.text());
    integer(context, field::QTY, u64::from(claim.qty));
}

fn rules(context: &Context, rules: &Rules) {
    integer(context, field::LIMIT, rules.limit);
    integer(context, field::HOLD, rules.hold);
    integer(context, field::OPENS, rules.opens);
    integer(context, field::CLOSES, rules.closes);
}

fn integer(context: &Context, name: &str, value: u64) {
    context.reply_bytes(name.as_bytes());
    context.reply_integer(value);
}

fn word(context: &Context, name: &str, value: &'static str) {
    context.reply_bytes(name.as_bytes());
    context.reply_word(value);
}
