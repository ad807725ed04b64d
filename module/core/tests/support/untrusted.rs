//! What must hold of bytes from anyone: an error, or a result that is sound. Never a panic.
//!
//! Each fuzz target has a function of its name here.

use seckill_core::protocol::{
    Buy, Command, Epoch, MAX_ARGS, Millis, OrderNumber, Request, Seq, Term, UnixMs,
};
use seckill_core::{AuditError, Moment, Origin, Sale};

use super::snapshot::{SEED, load, reload, save, unframe};
use super::values::name;

/// Words, one a line, as the arguments of a command.
pub(crate) fn arguments(bytes: &[u8]) {
    let words: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    check_arguments(&words);
}

/// Arguments are a command that can be encoded and parsed again, or an error that begins with its code.
pub(crate) fn check_arguments(args: &[&[u8]]) {
    match Command::parse(args) {
        Ok(command) => {
            let mut encoded: Vec<Vec<u8>> = Vec::new();
            command.encode(&mut |arg| encoded.push(arg.to_vec()));
            assert!(encoded.len() <= MAX_ARGS);
            let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
            assert_eq!(Command::parse(&encoded), Ok(command));
        }
        Err(error) => assert!(error.to_string().starts_with(&format!("{} ", error.code()))),
    }
}

/// Framed batches for a blank sale, one after the other.
pub(crate) fn batch(bytes: &[u8]) {
    let mut sale = Sale::new(SEED);
    let mut rest = bytes;
    while !rest.is_empty()
        && sale.apply_batch(unframe(&mut rest), Origin::Foreign { latest_term: Term(1 << 52) }).is_ok()
    {}
    check_sale(&sale);
}

/// A framed snapshot.
pub(crate) fn snapshot(bytes: &[u8]) {
    if let Ok(sale) = load(bytes) {
        check_sale(&sale);
    }
}

/// What must hold of every sale, wherever its history comes from.
pub(crate) fn check_sale(sale: &Sale) {
    if sale.seq() == Seq(0) && !sale.diverged() {
        // A blank sale is never stored.
        return;
    }
    assert!(save(&reload(sale)) == save(sale), "a snapshot comes back as it was");
    let now = UnixMs(1 << 40);
    for claim in (0..).map_while(|number| sale.claim(OrderNumber(number))) {
        assert_eq!(sale.order(claim.order, now).map(|view| view.claim), Some(claim));
        assert!(sale.buyer_orders(claim.buyer).next().is_some());
    }
    assert_eq!(sale.events(Seq(0)).count() as u64, sale.seq().0);
    if sale.diverged() {
        assert_eq!(sale.audit(), Err(AuditError::Diverged));
        return;
    }
    assert_eq!(sale.audit(), Ok(()));
    check_decisions(sale, now);
}

/// The sale decides, and a replica applies.
fn check_decisions(sale: &Sale, now: UnixMs) {
    let (mut primary, mut replica) = (reload(sale), reload(sale));
    let moment = Moment {
        now,
        epoch: Epoch(1),
        term: Term(1),
        max_orders: u32::MAX,
        max_events: u64::MAX,
        lock_held: true,
    };
    let (buyer, order) = (name("buyer"), name("order"));
    let requests = [
        Request::Buy(Buy { buyer, order, qty: 1, guard: None }),
        Request::Extend { order, hold: Millis(9) },
        Request::Cancel { order, refund: true },
        Request::Restock { delta: 1, id: Some(name("id")) },
        Request::Restock { delta: 0, id: Some(name("other id")) },
    ];
    for request in &requests {
        let decision = primary.decide(request, &moment);
        primary.commit(&decision).unwrap();
        if !decision.is_idle() {
            let mut batch = Vec::new();
            decision.encode_batch(&mut batch);
            replica.apply_batch(&batch, Origin::Trusted).unwrap();
        }
    }
    assert_eq!(primary.audit(), Ok(()));
    assert!(save(&primary) == save(&replica), "both copies have the same snapshot");
}
