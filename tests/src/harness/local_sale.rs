//! Sales that are decided in this process, at times of our choice: quickly, and with the same bytes every time.

use seckill_core::command::{Command, Request};
use seckill_core::decide::Moment;
use seckill_core::{Sale, Seed};

/// No hold of a sale that begins then is due before the year 144,683, unix ms.
pub(crate) const FUTURE: u64 = 1 << 52;

/// A sale, and who decides it when.
pub(crate) struct LocalSale {
    pub(crate) sale: Sale,
    /// The present time, in unix ms.
    pub(crate) now: u64,
    /// Each tenure begins a term.
    pub(crate) tenure: u64,
}

impl LocalSale {
    /// Begins at an instant with what CREATE takes.
    pub(crate) fn open(now: u64, particulars: &str) -> Self {
        let mut local = Self { sale: Sale::new(Seed([3, 4])), now, tenure: 1 };
        local.say(&format!("CREATE sale {particulars}"));
        local
    }

    /// Says a command, without its prefix, that must be no mistake.
    pub(crate) fn say(&mut self, line: &str) {
        let line = format!("SECKILL.{line}");
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let Ok(Command::Decide { request, .. }) = Command::parse(&words) else { panic!("{line}") };
        self.decide(&request);
    }

    /// Decides what must be no mistake.
    pub(crate) fn decide(&mut self, request: &Request<'_>) {
        let Self { now, tenure, .. } = *self;
        let moment = Moment { now, tenure, term: tenure, max_orders: u32::MAX, lock_held: false };
        let decision = self.sale.decide(request, &moment);
        decision.outcome.unwrap_or_else(|error| panic!("{request:?}: {error}"));
        self.sale.commit(&decision).unwrap();
    }

    /// Its events after a seq, in batches of about so many bytes.
    pub(crate) fn batches(&self, mut after: u64, size: usize) -> Vec<Vec<u8>> {
        let mut batches = vec![];
        loop {
            let mut batch = vec![];
            let Some(last) = self.sale.batch(after, size, &mut batch) else { return batches };
            batches.push(batch);
            after = last;
        }
    }

    /// Its snapshot: the head and the parts.
    pub(crate) fn snapshot(&self) -> Vec<Vec<u8>> {
        let parts = self.batches(0, seckill_core::snapshot::PART);
        [vec![self.sale.snapshot_head()], parts].concat()
    }
}
