//! ORDER, BUYER, EVENTS, INFO, AUDIT: what commands read from a sale.

use seckill_core::protocol::{AUDIT_ORDERS, Name, Query, UnixMs, field};
use seckill_core::waiting::Reader;
use seckill_core::{OrderView, Sale};

use super::call::{Call, Result};
use super::failure::Failure;
use super::fields::{attempts, rules, with_claim};
use super::{events, sale_key};
use crate::redis::{Context, Field, Key, Value};
use crate::{clocks, configs};

pub(super) fn read(call: &Call<'_>, sale: &[u8], query: &Query<'_>) -> Result {
    let context = call.context;
    let name = call.string_of(sale)?;
    let key = Key::read(context, name);
    let sale = sale_key::sale_at(&key)?;
    match *query {
        Query::Order { order: id } => order(context, sale, id),
        Query::Buyer { buyer: name } => buyer(context, sale, name),
        Query::Events { after, term, count, block } => {
            events::read(context, name, sale, Reader { after, term, count }, block)?;
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
    if context.flags().is_nested() {
        return Err(Failure::Nested);
    }
    let orders = sale.info(clocks::now().to_ms(), configs::max_orders()).orders;
    if orders > AUDIT_ORDERS && !force && context.flags().is_primary() {
        return Err(Failure::LongAudit(orders));
    }
    sale.audit().map_err(Failure::Audit)?;
    context.reply_ok();
    Ok(())
}
