//! ORDER, BUYER, EVENTS, INFO, AUDIT: what commands read from a sale.

use seckill_core::protocol::{AUDIT_ORDERS, Error, EventName, Name, Query, Rules, Seq, UnixMs, field};
use seckill_core::{Claim, Entry, Event, NamedEvent, OrderStatus, OrderView, Role, Sale};

use super::call::{Call, Result};
use super::failure::Failure;
use crate::redis::{Context, Field, Key, KeyKind, Value};
use crate::stored::Stored;
use crate::{clocks, configs};

pub(super) fn read(call: &Call<'_>, sale: &[u8], query: &Query<'_>) -> Result {
    let context = call.context;
    let key = Key::read(context, call.string_of(sale)?);
    if !matches!(key.kind::<Stored>(), KeyKind::Empty | KeyKind::Value) {
        return Err(Failure::WrongType);
    }
    if matches!(query, Query::Audit { .. }) && context.flags().is_nested() {
        return Err(Failure::Nested);
    }
    if matches!(query, Query::Events { block: Some(_), .. }) && context.flags().may_block() {
        return Err(Failure::NoBlocking);
    }
    let stored = key.value::<Stored>().ok_or(Error::NoSale)?;
    let sale = &stored.sale;
    match *query {
        Query::Order { order: id } => order(context, sale, id),
        Query::Buyer { buyer: name } => buyer(context, sale, name),
        Query::Events { after, term, count, .. } => {
            if let Some(term) = term {
                let is_primary = context.flags().is_primary();
                let role = if is_primary { Role::Primary } else { Role::Replica };
                sale.check_reader(term, after, role)?;
            }
            events(context, sale, after, count);
        }
        Query::Info => info(context, sale),
        Query::Audit { force } => audit(context, sale, force)?,
    }
    Ok(())
}

fn order(context: &Context, sale: &Sale, id: Name<'_>) {
    let Some(order) = sale.order(id, clocks::now().to_ms()) else {
        return context.reply_null();
    };
    let OrderView { claim, state, at, deadline, seq } = order;
    let view = [
        Field(field::STATE, Value::Word(state.as_c_str())),
        Field(field::AT, at.0.into()),
        Field(field::DEADLINE, deadline.unwrap_or(UnixMs(0)).0.into()),
        Field(field::SEQ, seq.0.into()),
    ];
    with_claim(&claim, |claim| context.reply_map(&[claim, &view]));
}

fn buyer(context: &Context, sale: &Sale, name: Name<'_>) {
    let units = sale.buyer_units(name);
    let orders: Vec<_> = sale.buyer_orders(name).map(|order| order.text()).collect();
    let orders: Vec<_> = orders.iter().map(|order| Value::Bytes(order)).collect();
    context.reply_map(&[&[
        Field(field::HELD, units.held.into()),
        Field(field::SOLD, units.sold.into()),
        Field(field::ORDERS, Value::Array(&orders)),
    ]]);
}

fn info(context: &Context, sale: &Sale) {
    let now = clocks::now().to_ms();
    let info = sale.info(now, configs::max_orders());
    let figures = [
        Field(field::STATE, Value::Word(info.state.as_c_str())),
        Field(field::AVAILABLE, info.available.into()),
        Field(field::HELD, info.held.into()),
        Field(field::SOLD, info.sold.into()),
        Field(field::ORDERS, info.orders.into()),
        Field(field::BUYERS, info.buyers.into()),
    ];
    let history = [
        Field(field::SEQ, info.seq.0.into()),
        Field(field::TERM, info.term.0.into()),
        Field(field::CREATED, info.created.0.into()),
        Field(field::DIVERGED, u32::from(info.diverged).into()),
        attempts(&info.rules),
        Field(field::NOW, now.0.into()),
        Field(field::ROOM, info.room.into()),
    ];
    context.reply_map(&[&figures, &rules(&info.rules), &history]);
}

/// The auditor walks over all orders and events, and nobody is served meanwhile.
fn audit(context: &Context, sale: &Sale, force: bool) -> Result {
    let orders = sale.info(clocks::now().to_ms(), configs::max_orders()).orders;
    if orders > AUDIT_ORDERS && !force && context.flags().is_primary() {
        return Err(Failure::LongAudit(orders));
    }
    sale.audit().map_err(Failure::Audit)?;
    context.reply_ok();
    Ok(())
}

fn events(context: &Context, sale: &Sale, after: Seq, count: u64) {
    let events = sale.events(after).take(usize::try_from(count).unwrap_or(usize::MAX));
    context.reply_array(events, |entry| event(context, sale, &entry));
}

fn event(context: &Context, sale: &Sale, entry: &Entry<NamedEvent<'_>>) {
    let reply = |name: EventName, runs: [&[Field<'_>]; 3]| {
        let common = [
            Field(field::SEQ, entry.seq.0.into()),
            Field(field::TERM, entry.term.0.into()),
            Field(field::AT, entry.at.0.into()),
            Field(field::EVENT, Value::Word(name.as_c_str())),
        ];
        let [first, second, third] = runs;
        context.reply_map(&[&common, first, second, third]);
    };
    let reply_order = |claim: &Claim<'_>, status: OrderStatus| {
        let deadline = status.deadline().map(|deadline| Field(field::DEADLINE, deadline.0.into()));
        with_claim(claim, |claim| reply(status.event_name(), [claim, deadline.as_slice(), &[]]));
    };
    match entry.event {
        Event::Created { stock, rules: given } => {
            let qty = Field(field::QTY, stock.into());
            reply(EventName::Created, [&[qty], &rules(&given), &[attempts(&given)]]);
        }
        Event::Altered { rules: given } => {
            reply(EventName::Altered, [&rules(&given), &[attempts(&given)], &[]]);
        }
        Event::Restocked { delta, id } => {
            let id = id.map(|id| id.text());
            let id = id.as_ref().map_or(Value::Null, |id| Value::Bytes(id));
            let fields = [Field(field::QTY, Value::Integer(delta)), Field(field::ID, id)];
            reply(EventName::Restocked, [&fields, &[], &[]]);
        }
        Event::Opened { opening, status } => reply_order(&opening, status.into()),
        Event::StatusChanged { order, status } => match sale.claim(order) {
            Some(claim) => reply_order(&claim, status),
            // Every order of the history exists; a nil keeps the length of the array right.
            None => context.reply_null(),
        },
    }
}

/// Passes the fields of a claim to `reply`. They borrow the text of its names.
fn with_claim(claim: &Claim<'_>, reply: impl FnOnce(&[Field<'_>])) {
    let (order, buyer) = (claim.order.text(), claim.buyer.text());
    reply(&[
        Field(field::ORDER, Value::Bytes(&order)),
        Field(field::BUYER, Value::Bytes(&buyer)),
        Field(field::QTY, claim.qty.into()),
    ]);
}

fn attempts(rules: &Rules) -> Field<'static> {
    Field(field::ATTEMPTS, rules.attempts_allowed().into())
}

fn rules(rules: &Rules) -> [Field<'static>; 4] {
    let Rules { limit, hold, opens, closes, .. } = *rules;
    [
        Field(field::LIMIT, limit.into()),
        Field(field::HOLD, hold.0.into()),
        Field(field::OPENS, opens.0.into()),
        Field(field::CLOSES, closes.0.into()),
    ]
}
