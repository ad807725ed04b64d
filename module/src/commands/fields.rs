//! Fields that several replies have.

use seckill_core::Claim;
use seckill_core::protocol::{Rules, field};

use crate::redis::{Field, Value};

/// Passes the fields of a claim to `reply`. They borrow the text of its names.
pub(super) fn with_claim(claim: &Claim<'_>, reply: impl FnOnce(&[Field<'_>])) {
    let (order, buyer) = (claim.order.text(), claim.buyer.text());
    reply(&[
        Field(field::ORDER, Value::Bytes(&order)),
        Field(field::BUYER, Value::Bytes(&buyer)),
        Field(field::QTY, claim.qty.into()),
    ]);
}

pub(super) fn attempts(rules: &Rules) -> Field<'static> {
    Field(field::ATTEMPTS, rules.attempts_allowed().into())
}

pub(super) fn rules(rules: &Rules) -> [Field<'static>; 4] {
    let Rules { limit, hold, opens, closes, .. } = *rules;
    [
        Field(field::LIMIT, limit.into()),
        Field(field::HOLD, hold.0.into()),
        Field(field::OPENS, opens.0.into()),
        Field(field::CLOSES, closes.0.into()),
    ]
}
