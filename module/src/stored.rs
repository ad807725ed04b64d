//! A sale as a key holds it.

use seckill_core::{Sale, Seed};

use crate::redis::{Context, Str};
use crate::schedule::{self, HINT_MEMORY, Scheduled};

/// A sale and its place in the schedule.
pub(crate) struct Stored {
    pub(crate) sale: Sale,
    pub(crate) scheduled: Option<Scheduled>,
}

impl Stored {
    pub(crate) fn new(sale: Sale) -> Self {
        Self { sale, scheduled: None }
    }

    /// A sale without events.
    pub(crate) fn blank() -> Self {
        Self::new(Sale::new(random_seed()))
    }

    /// Schedules the next deadline of the sale, which is at this key.
    pub(crate) fn schedule(&mut self, context: &Context, db: i32, key: Str<'_>) {
        if schedule::update(&mut self.scheduled, self.sale.next_deadline(), db, key.bytes()) {
            schedule::arm(context);
        }
    }

    /// Memory, in bytes, its hint in the schedule included.
    pub(crate) fn memory(&self) -> usize {
        let own = size_of::<Self>() - size_of::<Sale>();
        self.sale.memory() + own + if self.scheduled.is_some() { HINT_MEMORY } else { 0 }
    }
}

/// A random key for the hash function of a sale.
pub(crate) fn random_seed() -> Seed {
    Seed([u64::from_le_bytes(Context::random()), u64::from_le_bytes(Context::random())])
}
