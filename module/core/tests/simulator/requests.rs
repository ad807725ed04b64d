//! Random requests, about so few orders that they often meet.

use seckill_core::protocol::{Alteration, Buy, Guard, Millis, Name, Request, Rules, UnixMs};

use crate::random::Random;
use crate::support;

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

fn name(number: u64) -> Name<'static> {
    support::name(std::slice::from_ref(&NAMES[usize::try_from(number).unwrap()]))
}

/// A request to a primary. The orders that it is about change in the course of a schedule.
pub(crate) fn draw(random: &mut Random, step: u64, exists: bool, now: UnixMs) -> Request<'static> {
    if !exists && !random.one_in(8) {
        return create(random, now);
    }
    let number = step / 8 + random.below(6);
    let order = name(number);
    match random.below(32) {
        0 => create(random, now),
        1 => alter(random, now),
        2..=4 => {
            let delta = 1 + random.below(4).cast_signed();
            let delta = if random.one_in(2) { delta } else { -delta };
            match random.one_in(2).then(|| name(number % 16)) {
                id @ Some(_) if random.one_in(4) => Request::Restock { delta: 0, id },
                id => Request::Restock { delta, id },
            }
        }
        5..=8 => Request::Confirm { order },
        9..=10 => Request::Extend { order, hold: Millis(1 + random.below(40)) },
        11..=14 => Request::Cancel { order, refund: random.one_in(2) },
        _ => {
            // The same order has the same buyer and quantity, but sometimes another buyer claims its id.
            let claimant = if random.one_in(16) { random.below(60) } else { number };
            let (buyer, qty) = (name(claimant % 4), u32::try_from(1 + claimant % 3).unwrap());
            let guard = Guard { key: b"k", token: support::token(b"t"), release: false };
            let guard = random.one_in(8).then_some(guard);
            Request::Buy(Buy { buyer, order, qty, guard })
        }
    }
}

fn create(random: &mut Random, now: UnixMs) -> Request<'static> {
    let opens = if random.one_in(8) { soon(random, now, 20) } else { UnixMs(0) };
    let closes = if random.one_in(8) { UnixMs(soon(random, now, 400).0 + 20) } else { UnixMs(0) };
    let attempts = random.one_in(4).then(|| zero_or(random, 3));
    let (limit, hold) = (zero_or(random, 20), Millis(zero_or(random, 60)));
    let rules = Rules { limit, attempts, hold, opens, closes };
    Request::Create { stock: random.below(30), rules }
}

fn alter(random: &mut Random, now: UnixMs) -> Request<'static> {
    let mut alteration = Alteration::default();
    match random.below(5) {
        4 => alteration.attempts = Some(zero_or(random, 6)),
        0 => alteration.limit = Some(zero_or(random, 20)),
        1 => alteration.hold = Some(Millis(zero_or(random, 60))),
        2 => alteration.opens = Some(if random.one_in(4) { soon(random, now, 20) } else { UnixMs(0) }),
        _ => alteration.closes = Some(if random.one_in(4) { soon(random, now, 400) } else { UnixMs(0) }),
    }
    Request::Alter(alteration)
}

/// An instant within so many ms.
fn soon(random: &mut Random, now: UnixMs, ms: u64) -> UnixMs {
    UnixMs(now.0 + random.below(ms))
}

/// Zero, which stands for "none", or a number up to `most`.
fn zero_or(random: &mut Random, most: u64) -> u64 {
    if random.one_in(4) { 0 } else { 1 + random.below(most) }
}
