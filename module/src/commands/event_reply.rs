//! An event, as EVENTS replies it.

use seckill_core::protocol::{EventName, field};
use seckill_core::{Claim, Entry, Event, NamedEvent, OrderStatus, Sale};

use super::fields::{attempts, rules, with_claim};
use crate::redis::{Context, Field, Value};

pub(super) fn event(context: &Context, sale: &Sale, entry: &Entry<NamedEvent<'_>>) {
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
