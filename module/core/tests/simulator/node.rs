//! A server, as far as it matters to a sale: a clock that jumps, the clock of terms, leadership epochs, a
//! disk.

use seckill_core::clock::HybridClock;
use seckill_core::protocol::{Epoch, Term, UnixMicros};
use seckill_core::{Moment, Seed};

use crate::checked_sale::CheckedSale;
use crate::rdb::Rdb;
use crate::replication::{Link, Message, Stream};

/// The bound of marks. Each epoch has a mark of its own.
///
/// The mark is part of a term. Without it, two servers whose clocks lag behind the last term that both observed
/// would begin the same term. A server draws its mark at random; here marks are distinct, so that no schedule
/// fails by chance.
pub(crate) const MARKS: u64 = 1 << 10;
/// The limit of orders: low enough to be reached, and for a purchase to expire all holds that are due.
const MAX_ORDERS: u32 = 32;

/// Events from which on a sale takes none that no order needs: so few that some schedules reach it.
const MAX_EVENTS: u64 = 60;

pub(crate) struct Node {
    pub(crate) checked: CheckedSale,
    terms: HybridClock<Term>,
    epoch: Epoch,
    pub(crate) mark: u64,
    /// How far its clock is ahead, in µs.
    pub(crate) skew: i64,
    /// `None` for a primary.
    pub(crate) link: Option<Link>,
    pub(crate) stream: Stream,
    pub(crate) rdb: Option<Rdb>,
    aof: Vec<Message>,
    /// How many messages of the AOF are synced to disk.
    aof_synced: usize,
}

impl Node {
    pub(crate) fn new(mark: u64, replication_id: u64, link: Option<Link>) -> Self {
        Self {
            checked: CheckedSale::blank(seed(mark)),
            terms: HybridClock::default(),
            epoch: Epoch(1),
            mark,
            skew: 0,
            link,
            stream: Stream::new(replication_id, 0),
            rdb: None,
            aof: Vec::new(),
            aof_synced: 0,
        }
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.link.is_none()
    }

    /// Begins an epoch, because the role changed.
    pub(crate) fn begin_epoch(&mut self, mark: u64) {
        self.epoch.0 += 1;
        self.mark = mark;
    }

    /// The moment of its next decision, at this true time.
    pub(crate) fn moment(&self, now: UnixMicros, lock_held: bool) -> Moment {
        let now = UnixMicros(now.0.saturating_add_signed(self.skew));
        let term = self.terms.term(now, u16::try_from(self.mark).unwrap());
        Moment {
            now: now.to_ms(),
            epoch: self.epoch,
            term,
            max_orders: MAX_ORDERS,
            max_events: MAX_EVENTS,
            lock_held,
        }
    }

    /// Appends a message that was decided or applied here to the AOF and to the replication stream.
    pub(crate) fn record(&mut self, message: &Message) {
        self.observe_term();
        self.aof.push(message.clone());
        self.stream.push(message.clone());
    }

    fn observe_term(&mut self) {
        self.terms.observe(self.checked.sale.term());
    }

    pub(crate) fn apply(&mut self, message: &Message) {
        match message {
            Message::Apply(batch) => self.checked.apply(batch),
            Message::Delete => self.delete(),
        }
    }

    pub(crate) fn delete(&mut self) {
        self.checked = CheckedSale::blank(seed(self.mark));
    }

    pub(crate) fn save(&self) -> Rdb {
        let replication = (self.stream.id, self.stream.offset);
        Rdb { snapshot: self.checked.snapshot(), last_term: self.terms.last(), replication }
    }

    pub(crate) fn load(&mut self, rdb: &Rdb) {
        self.checked = CheckedSale::load(&rdb.snapshot, seed(self.mark));
        self.terms.observe(rdb.last_term);
        self.observe_term();
        let (id, offset) = rdb.replication;
        self.stream = Stream::new(id, offset);
        self.rewrite_aof();
    }

    pub(crate) fn rewrite_aof(&mut self) {
        self.aof = self.checked.rewrite().into_iter().map(Message::Apply).collect();
        self.aof_synced = self.aof.len();
    }

    /// The process ends, and another one begins with the RDB that was saved last.
    pub(crate) fn restart_from_rdb(&mut self, rdb: &Rdb, mark: u64, replication_id: u64) {
        self.stop(mark);
        self.load(rdb);
        if self.is_primary() {
            self.stream.change_id(replication_id);
        }
    }

    /// The process ends, and another one begins with the AOF, which lost its last messages.
    pub(crate) fn restart_from_aof(&mut self, lost: usize, mark: u64, replication_id: u64) {
        self.stop(mark);
        self.aof.truncate(self.aof.len().saturating_sub(lost).max(self.aof_synced));
        self.delete();
        for message in std::mem::take(&mut self.aof) {
            self.apply(&message);
            self.observe_term();
            self.aof.push(message);
        }
        self.stream = Stream::new(replication_id, 0);
    }

    /// The process ends: what is in memory is lost, and the next one has a mark of its own.
    fn stop(&mut self, mark: u64) {
        self.terms = HybridClock::default();
        self.epoch = Epoch(1);
        self.mark = mark;
        if let Some(link) = &mut self.link {
            link.queue = None;
        }
    }
}

/// The seed of the hashes of a process. Nothing may depend on it, so processes have different ones.
fn seed(mark: u64) -> Seed {
    Seed([mark, 7])
}
