//! Bytes from anyone: how they are read, and what must hold of what comes of them.
//!
//! The fuzz targets use this, too: each has a function of its name here.

#![allow(dead_code, reason = "each program uses its own part of this")]

use seckill_core::arguments::MAX_ARGS;
use seckill_core::command::{Buy, Command, Request};
use seckill_core::decide::Moment;
use seckill_core::snapshot::Loading;
use seckill_core::{Sale, Seed, Unfit};

const SEED: Seed = Seed([11, 12]);

/// Words, one a line, as the arguments of a command.
pub(crate) fn arguments(bytes: &[u8]) {
    let words: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    match Command::parse(&words) {
        Ok(command) => {
            let mut again: Vec<Vec<u8>> = Vec::new();
            command.encode(&mut |arg| again.push(arg.to_vec()));
            assert!(again.len() <= MAX_ARGS);
            let again: Vec<&[u8]> = again.iter().map(Vec::as_slice).collect();
            assert_eq!(Command::parse(&again), Ok(command));
        }
        Err(error) => assert!(error.to_string().starts_with(error.code().as_str())),
    }
}

/// Framed batches for a blank sale, one after the other.
pub(crate) fn batch(bytes: &[u8]) {
    let mut sale = Sale::new(SEED);
    let mut rest = bytes;
    while !rest.is_empty() && sale.follow(unframe(&mut rest)).is_ok() {}
    examine(&sale);
}

/// A framed snapshot.
pub(crate) fn snapshot(bytes: &[u8]) {
    if let Ok(sale) = load(bytes) {
        examine(&sale);
    }
}

/// A head and parts as one run of bytes, with a length of four bytes before each.
pub(crate) fn frame(parts: &[Vec<u8>]) -> Vec<u8> {
    let framed = |part: &Vec<u8>| [&u32::try_from(part.len()).unwrap().to_le_bytes()[..], part].concat();
    parts.iter().flat_map(framed).collect()
}

/// Takes one framed part; what is missing at the end is missing.
pub(crate) fn unframe<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let Some((len, rest)) = bytes.split_first_chunk() else {
        return core::mem::take(bytes);
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap().min(rest.len());
    let (part, rest) = rest.split_at(len);
    *bytes = rest;
    part
}

/// Loads what [`frame`] made, as a server would.
pub(crate) fn load(mut bytes: &[u8]) -> Result<Sale, Unfit> {
    let mut loading = Loading::new(unframe(&mut bytes), SEED)?;
    while loading.wants_more() {
        loading.part(unframe(&mut bytes))?;
    }
    loading.finish()
}

/// A copy of a sale, by way of its snapshot.
pub(crate) fn copy(sale: &Sale) -> Sale {
    load(&saved(sale)).unwrap()
}

/// The framed snapshot of a sale.
pub(crate) fn saved(sale: &Sale) -> Vec<u8> {
    let mut parts = vec![sale.snapshot_head()];
    let (mut after, mut part) = (0, Vec::new());
    while let Some(last) = sale.snapshot_part(after, &mut part) {
        parts.push(part.clone());
        after = last;
    }
    frame(&parts)
}

/// What must hold of every sale, wherever its history comes from.
pub(crate) fn examine(sale: &Sale) {
    if sale.seq() == 0 && !sale.diverged() {
        // A blank sale is never stored.
        return;
    }
    assert!(saved(&copy(sale)) == saved(sale), "it comes back as it was");
    let now = 1 << 40;
    for claim in (0..).map_while(|number| sale.claim(number)) {
        let (order, buyer) = (claim.order.text(), claim.buyer.text());
        assert_eq!(sale.order(&order, now).map(|view| view.claim), Some(claim));
        assert!(sale.buyer_orders(&buyer).next().is_some());
    }
    assert_eq!(sale.events(0).count() as u64, sale.seq());
    if sale.diverged() {
        assert!(sale.audit().is_err());
        return;
    }
    assert_eq!(sale.audit(), Ok(()));
    go_on(copy(sale), now);
}

/// It decides, and another copy follows.
fn go_on(mut sale: Sale, now: u64) {
    let mut follower = copy(&sale);
    let moment = Moment { now, tenure: 1, term: 1, max_orders: u32::MAX, lock_held: true };
    let buy = Buy { buyer: b"buyer", order: b"order", qty: 1, guard: None };
    let requests = [
        Request::Buy(buy),
        Request::Extend { order: b"order", hold: 9 },
        Request::Cancel { order: b"order", refund: true },
        Request::Restock { delta: 1, id: Some(b"id") },
    ];
    for request in &requests {
        let before = sale.seq();
        let decision = sale.decide(request, &moment);
        sale.commit(&decision).unwrap();
        let mut batch = Vec::new();
        if !decision.is_idle() {
            sale.batch(before, usize::MAX, &mut batch).unwrap();
            follower.follow(&batch).unwrap();
        }
    }
    assert_eq!(sale.audit(), Ok(()));
    assert!(saved(&sale) == saved(&follower), "one snapshot");
}
