//! Prints events, and then keeps the position after them.

use seckill_client::{Cursors, FeedItem};

use super::cursor_file::CursorFile;
use super::line::Line;
use crate::exit::Failure;
use crate::output::{note, write_out};

/// Items that are printed before the position is stored at the latest.
const BATCH: usize = 1000;

pub(super) struct Printer {
    file: Option<CursorFile>,
    /// Whether the lines say which shard they are of.
    is_sharded: bool,
    /// Lines that are not printed yet, and of how many items.
    lines: Vec<u8>,
    items: usize,
}

impl Printer {
    pub(super) fn new(file: Option<CursorFile>, is_sharded: bool) -> Self {
        Self { file, is_sharded, lines: Vec::new(), items: 0 }
    }

    /// Adds an item to what is printed.
    pub(super) fn add(&mut self, shard: usize, item: &FeedItem) -> Result<(), Failure> {
        let shard = self.is_sharded.then_some(shard);
        if let FeedItem::Forked { seq, term } = item {
            let of = shard.map_or_else(String::new, |shard| format!(" of shard {shard}"));
            note(&format!("a failover lost events: take back those{of} above seq {seq} or term {term}"));
        }
        self.items += 1;
        let Some(line) = Line::of(shard, item) else { return Ok(()) };
        serde_json::to_writer(&mut self.lines, &line).map_err(Failure::server)?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// Whether so many items wait that they have to be printed.
    pub(super) fn is_full(&self) -> bool {
        self.items >= BATCH
    }

    /// Prints the lines, and then stores the positions after them.
    pub(super) fn flush(&mut self, after: impl FnOnce() -> Cursors) -> Result<(), Failure> {
        if self.items == 0 {
            return Ok(());
        }
        write_out(|out| out.write_all(&self.lines))?;
        self.lines.clear();
        self.items = 0;
        self.file.as_ref().map_or(Ok(()), |file| file.write(&after()))
    }
}
