//! A server, as far as a sale can tell: a clock that jumps, the fence, tenures, a disk.

use seckill_core::Seed;
use seckill_core::decide::Moment;
use seckill_core::fence::Fence;

use crate::stream::{Link, Message, Stream};
use crate::twin::{Shot, Twin};

/// Each tenure has a mark below this, and no two have the same.
///
/// Two clocks that lag behind what both servers have seen would else give out one number, and two histories
/// share a term. What a server draws by chance is distinct here, so that no schedule fails by chance.
pub(crate) const MARKS: u64 = 1 << 10;
/// Orders that a sale may have: so few that it matters, and that a purchase expires all that are due.
const MAX_ORDERS: u32 = 32;

/// What a server saves, and sends for a full resync.
#[derive(Clone)]
pub(crate) struct Image {
    shot: Shot,
    fence: u64,
    stream: (u64, u64),
}

pub(crate) struct Node {
    pub(crate) twin: Twin,
    fence: Fence,
    tenure: u64,
    pub(crate) mark: u64,
    /// How far its clock is ahead, in µs.
    pub(crate) skew: i64,
    /// A primary has none.
    pub(crate) link: Option<Link>,
    pub(crate) stream: Stream,
    pub(crate) saved: Option<Image>,
    log: Vec<Message>,
    /// Messages of the log that cannot get lost.
    safe: usize,
}

impl Node {
    pub(crate) fn new(mark: u64, stream: u64, link: Option<Link>) -> Self {
        Self {
            twin: Twin::blank(seed(mark)),
            fence: Fence::default(),
            tenure: 1,
            mark,
            skew: 0,
            link,
            stream: Stream::new(stream, 0),
            saved: None,
            log: Vec::new(),
            safe: 0,
        }
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.link.is_none()
    }

    /// Its role changed.
    pub(crate) fn begin_tenure(&mut self, mark: u64) {
        self.tenure += 1;
        self.mark = mark;
    }

    /// What its next decision depends on, at this true time in µs.
    pub(crate) fn moment(&self, us: u64, lock_held: bool) -> Moment {
        let us = us.saturating_add_signed(self.skew);
        let term = self.fence.term(us, u16::try_from(self.mark).unwrap());
        Moment { now: us / 1_000, tenure: self.tenure, term, max_orders: MAX_ORDERS, lock_held }
    }

    /// A message that was decided or followed here is kept, and goes down the stream.
    pub(crate) fn keep(&mut self, message: &Message) {
        self.fence.observe(self.twin.sale.term());
        self.log.push(message.clone());
        self.stream.push(message.clone());
    }

    pub(crate) fn follow(&mut self, message: &Message) {
        match message {
            Message::Batch(batch) => self.twin.follow(batch),
            Message::Deleted => self.delete(),
        }
    }

    pub(crate) fn delete(&mut self) {
        self.twin = Twin::blank(seed(self.mark));
    }

    pub(crate) fn image(&self) -> Image {
        let stream = (self.stream.id, self.stream.offset);
        Image { shot: self.twin.shot(), fence: self.fence.last(), stream }
    }

    /// Goes on with what an image holds.
    pub(crate) fn load(&mut self, image: &Image) {
        self.twin = Twin::load(&image.shot, seed(self.mark));
        self.fence.observe(image.fence);
        self.fence.observe(self.twin.sale.term());
        self.stream = Stream::new(image.stream.0, image.stream.1);
        self.rewrite_log();
    }

    /// The log becomes as short as it can be.
    pub(crate) fn rewrite_log(&mut self) {
        self.log = self.twin.batches().into_iter().map(Message::Batch).collect();
        self.safe = self.log.len();
    }

    /// The process ends, and another one begins with the image that was saved last.
    pub(crate) fn restart_from_image(&mut self, image: &Image, mark: u64, stream: u64) {
        self.die(mark);
        self.load(image);
        if self.is_primary() {
            self.stream.rename(stream);
        }
    }

    /// The process ends, and another one begins with the log, of which a tail is lost.
    pub(crate) fn restart_from_log(&mut self, lost: usize, mark: u64, stream: u64) {
        self.die(mark);
        self.log.truncate(self.log.len().saturating_sub(lost).max(self.safe));
        self.delete();
        for message in std::mem::take(&mut self.log) {
            self.follow(&message);
            self.fence.observe(self.twin.sale.term());
            self.log.push(message);
        }
        self.stream = Stream::new(stream, 0);
    }

    /// What a process knows ends with it.
    fn die(&mut self, mark: u64) {
        self.fence = Fence::default();
        self.tenure = 1;
        self.mark = mark;
        if let Some(link) = &mut self.link {
            link.queue = None;
        }
    }
}

/// Hashes differ from process to process, and nothing may depend on it.
fn seed(mark: u64) -> Seed {
    Seed([mark, 7])
}
