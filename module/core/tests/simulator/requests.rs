//! Requests by chance, about so few orders that they often meet.

use seckill_core::command::{Alteration, Buy, Guard, Request, Rules};

use crate::dice::Dice;

/// All names of one byte.
static NAMES: [u8; 256] = {
    let mut names = [0; 256];
    let mut number = 0;
    while number < names.len() {
        names[number] = number as u8;
        number += 1;
    }
    names
};

fn name(number: u64) -> &'static [u8] {
    std::slice::from_ref(&NAMES[usize::try_from(number).unwrap()])
}

/// What somebody asks a primary for. The orders that are asked for change as time goes by.
pub(crate) fn draw(dice: &mut Dice, step: u64, exists: bool, now: u64) -> Request<'static> {
    if !exists && !dice.one_in(8) {
        return create(dice, now);
    }
    let number = step / 8 + dice.below(6);
    let order = name(number);
    match dice.below(32) {
        0 => create(dice, now),
        1 => alter(dice, now),
        2..=4 => {
            let delta = 1 + dice.below(4).cast_signed();
            let id = dice.one_in(2).then(|| name(number % 16));
            Request::Restock { delta: if dice.one_in(2) { delta } else { -delta }, id }
        }
        5..=8 => Request::Confirm { order },
        9..=10 => Request::Extend { order, hold: 1 + dice.below(40) },
        11..=14 => Request::Cancel { order, refund: dice.one_in(2) },
        _ => {
            // Who retries asks for the same; seldom somebody takes another's id.
            let claimant = if dice.one_in(16) { dice.below(60) } else { number };
            let (buyer, qty) = (name(claimant % 4), u32::try_from(1 + claimant % 3).unwrap());
            let guard = dice.one_in(8).then_some(Guard { key: b"k", token: b"t", release: false });
            Request::Buy(Buy { buyer, order, qty, guard })
        }
    }
}

fn create(dice: &mut Dice, now: u64) -> Request<'static> {
    let opens = if dice.one_in(8) { now + dice.below(20) } else { 0 };
    let closes = if dice.one_in(8) { now + 20 + dice.below(400) } else { 0 };
    let rules = Rules { limit: some(dice, 20), hold: some(dice, 60), opens, closes };
    Request::Create { stock: dice.below(30), rules }
}

fn alter(dice: &mut Dice, now: u64) -> Request<'static> {
    let mut alteration = Alteration::default();
    match dice.below(4) {
        0 => alteration.limit = Some(some(dice, 20)),
        1 => alteration.hold = Some(some(dice, 60)),
        2 => alteration.opens = Some(if dice.one_in(4) { now + dice.below(20) } else { 0 }),
        _ => alteration.closes = Some(if dice.one_in(4) { now + dice.below(400) } else { 0 }),
    }
    Request::Alter(alteration)
}

/// A rule, or none.
fn some(dice: &mut Dice, end: u64) -> u64 {
    if dice.one_in(4) { 0 } else { 1 + dice.below(end) }
}
