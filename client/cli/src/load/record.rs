//! What the callers were told, and how long they waited.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hdrhistogram::Histogram;
use seckill_client::Error;

use super::caller::{Purchase, Request};
use super::told::{Answer, Ending, Status, Told};

/// Latencies are counted in µs, up to an hour, to three digits.
const LONGEST: u64 = 3_600_000_000;
const DIGITS: u8 = 3;
/// A purchase that begins later than this after its time is counted as late.
const LATE: Duration = Duration::from_millis(10);

/// The record of a load.
pub(super) struct Record {
    pub(super) told: HashMap<u64, Told>,
    pub(super) counts: Counts,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) latencies: Latencies,
    pub(super) first_error: Option<Error>,
    /// The error that ended the load.
    end: Option<Error>,
}

/// How purchases ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Counts {
    /// Purchases.
    pub(super) purchases: u64,
    /// Those that got the units.
    pub(super) accepted: u64,
    /// Those that were confirmed.
    pub(super) confirmed: u64,
    /// Those that were cancelled.
    pub(super) cancelled: u64,
    /// Those that were neither.
    pub(super) abandoned: u64,
    /// Those whose hold ran out before their caller was done.
    pub(super) expired: u64,
    /// Purchases that were made again.
    pub(super) retried: u64,
    /// Purchases or endings that were last answered by an error, or not at all.
    pub(super) unknown: u64,
    /// Purchases with an error.
    pub(super) errors: u64,
    /// Purchases that began late, for the program could not keep up.
    pub(super) late: u64,
    /// The longest delay of a begin.
    pub(super) latest_us: u64,
}

/// The latencies by request.
pub(super) struct Latencies {
    pub(super) buy: Histogram<u64>,
    pub(super) confirm: Histogram<u64>,
    pub(super) cancel: Histogram<u64>,
}

impl Record {
    pub(super) fn new() -> Result<Self, hdrhistogram::CreationError> {
        let histogram = || Histogram::new_with_max(LONGEST, DIGITS);
        Ok(Self {
            told: HashMap::new(),
            counts: Counts::default(),
            refused: BTreeMap::new(),
            latencies: Latencies { buy: histogram()?, confirm: histogram()?, cancel: histogram()? },
            first_error: None,
            end: None,
        })
    }

    /// Enters a purchase, which began so late.
    pub(super) fn enter(&mut self, number: u64, purchase: Purchase, delay: Duration) {
        for (request, took) in &purchase.took {
            self.latencies.of(*request).saturating_record(micros(*took));
        }
        self.counts.enter(&purchase, delay);
        // One that was refused, made again and accepted then, has got the units.
        if let Some(refusal) = purchase.refusal.as_ref().filter(|_| !purchase.told.is_accepted()) {
            *self.refused.entry(refusal.to_string()).or_default() += 1;
        }
        if let Some(error) = &purchase.error {
            self.first_error.get_or_insert_with(|| error.clone());
        }
        self.told.insert(number, purchase.told);
        if purchase.lasting_error().is_some() && self.end.is_none() {
            self.end = purchase.error;
        }
    }

    /// The error because of which the load is not done: the one that ended it, or the first one if no purchase was answered.
    pub(super) fn failure(&self) -> Option<&Error> {
        let is_answered = self.counts.accepted > 0 || !self.refused.is_empty();
        self.end.as_ref().or(self.first_error.as_ref().filter(|_| !is_answered))
    }
}

impl Counts {
    fn enter(&mut self, purchase: &Purchase, delay: Duration) {
        let told = &purchase.told;
        let is = |condition: bool| u64::from(condition);
        let last = told.answers().last();
        self.purchases += 1;
        self.accepted += is(told.is_accepted());
        self.confirmed += is(told.ended == Some((Ending::Confirm, Answer::Order(Status::Sold))));
        self.cancelled += is(told.ended == Some((Ending::Cancel, Answer::Order(Status::Cancelled))));
        self.abandoned += is(told.ended.is_none() && last == Some(Answer::Order(Status::Held)));
        self.expired += is(last == Some(Answer::Order(Status::Expired)));
        self.retried += is(told.again.is_some());
        self.unknown += is(last == Some(Answer::Unknown));
        self.errors += is(purchase.error.is_some());
        self.late += is(delay > LATE);
        self.latest_us = self.latest_us.max(micros(delay));
    }
}

impl Latencies {
    fn of(&mut self, request: Request) -> &mut Histogram<u64> {
        match request {
            Request::Buy => &mut self.buy,
            Request::Confirm => &mut self.confirm,
            Request::Cancel => &mut self.cancel,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
