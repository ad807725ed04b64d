//! Sales that are decided in this process, at chosen times: quickly, and with the same bytes in every run.

use seckill_core::protocol::{Command, Epoch, Request, Seq, Term, UnixMs};
use seckill_core::{Moment, PART, Seed};

/// An instant in the year 2109, in unix ms: no hold of a sale that begins then falls due, and RESTORE accepts it.
pub(crate) const FUTURE: u64 = 4_400_000_000_000;

/// A sale of the core, and the time and epoch of its decisions.
pub(crate) struct LocalSale {
    pub(crate) sale: seckill_core::Sale,
    /// The present time, in unix ms.
    pub(crate) now: u64,
    /// The leadership epoch. Each begins a term.
    pub(crate) epoch: u64,
}

impl LocalSale {
    /// Creates the sale at an instant, with these arguments of CREATE.
    pub(crate) fn open(now: u64, arguments: &str) -> Self {
        let mut local = Self { sale: seckill_core::Sale::new(Seed([3, 4])), now, epoch: 1 };
        local.run(&format!("CREATE sale {arguments}"));
        local
    }

    /// Decides a command, which is written without its prefix. An error fails the test.
    pub(crate) fn run(&mut self, line: &str) {
        let line = format!("SECKILL.{line}");
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let Ok(Command::Decide { request, .. }) = Command::parse(&words) else { panic!("{line}") };
        self.decide(&request);
    }

    /// Decides a request. An error fails the test.
    pub(crate) fn decide(&mut self, request: &Request<'_>) {
        let moment = Moment {
            now: UnixMs(self.now),
            epoch: Epoch(self.epoch),
            term: Term(self.epoch),
            max_orders: u32::MAX,
            max_events: u64::MAX,
            lock_held: false,
        };
        let decision = self.sale.decide(request, &moment);
        decision.outcome.unwrap_or_else(|error| panic!("{request:?}: {error}"));
        self.sale.commit(&decision).unwrap();
    }

    /// The events after a seq, in batches of about so many bytes.
    pub(crate) fn batches(&self, after: u64, size: usize) -> Vec<Vec<u8>> {
        let mut after = Seq(after);
        let mut batches = vec![];
        loop {
            let mut batch = vec![];
            let Some(last) = self.sale.encode_batch(after, size, &mut batch) else { return batches };
            batches.push(batch);
            after = last;
        }
    }

    /// The snapshot: the head and the parts.
    pub(crate) fn snapshot(&self) -> Vec<Vec<u8>> {
        let parts = self.batches(0, PART);
        [vec![self.sale.snapshot_head()], parts].concat()
    }
}
