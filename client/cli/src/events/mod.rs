//! `seckill events`.

mod cursor_file;
mod line;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use seckill_client::{Cursor, Feed, FeedItem, Sale};
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::output::{note, write_out};
use crate::servers::{Connector, Servers};
use cursor_file::CursorFile;
use line::Line;

/// Items that are printed before the cursor is stored at the latest.
const BATCH: usize = 1000;

/// When nothing comes for so long, it is looked whether there is anything to come.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Print the events of a sale as JSON lines, oldest first
///
/// With --cursor it goes on where the last call with that file ended. The file is replaced after the lines are printed: when the
/// program is killed between the two, the next call prints some lines again, with the same seq.
///
/// A line with the event FORKED says that a failover lost events: take back what has a higher seq or a higher term than that line,
/// and read on.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill events bottles
  seckill events bottles --follow --cursor shipper.cursor")]
pub(crate) struct Events {
    /// The key of the sale
    sale: String,
    /// Wait for more events, without end
    #[arg(long, short)]
    follow: bool,
    /// Begin where this file says, and keep the position there
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,
}

impl Events {
    pub(crate) async fn run(self, servers: &Servers) -> Result<Exit, Failure> {
        let sale = servers.client().await?.sale(self.sale);
        let file = self.cursor.map(CursorFile::new);
        let begin = file.as_ref().map_or_else(|| Ok(Cursor::start()), CursorFile::read)?;
        let feed = sale.feed(begin);
        let mut reader = Reader { sale, feed, file, lines: Vec::new(), items: 0 };
        if self.follow { reader.follow().await } else { reader.read_to_the_end().await }?;
        Ok(Exit::Done)
    }
}

/// Prints what a feed yields, and keeps its position.
struct Reader {
    sale: Sale<Connector>,
    feed: Feed<Connector>,
    file: Option<CursorFile>,
    /// Lines that are not printed yet, and of how many items.
    lines: Vec<u8>,
    items: usize,
}

impl Reader {
    /// Reads and prints without end.
    async fn follow(&mut self) -> Result<(), Failure> {
        loop {
            let item = self.next().await?;
            self.take(item)?;
        }
    }

    /// Ends with the event that is the last one when this begins.
    async fn read_to_the_end(&mut self) -> Result<(), Failure> {
        let mut end = self.end().await?;
        let mut has_read = false;
        while self.position() != end && !(has_read && self.position().0 > end.0) {
            let Ok(item) = timeout(ASK_AGAIN, self.next()).await else {
                // The server may be gone, have lost events, or be a replica that has not yet what the cursor knows.
                end = self.end().await?;
                if self.position().0 >= end.0 {
                    break;
                }
                continue;
            };
            has_read = !matches!(self.take(item?)?, FeedItem::Forked { .. });
            if !has_read {
                end = self.end().await?;
            }
        }
        self.flush()
    }

    /// Adds an item to what is printed. Before an error is returned, what was read is printed.
    fn take(&mut self, item: Option<seckill_client::Result<FeedItem>>) -> Result<FeedItem, Failure> {
        let failure = match item {
            Some(Ok(item)) => {
                self.add(&item)?;
                return Ok(item);
            }
            Some(Err(error)) => error.into(),
            None => Failure::Refused(
                "the position is older than what the sale tells of its past: take back all events, and begin without the cursor"
                    .to_owned(),
            ),
        };
        self.flush()?;
        Err(failure)
    }

    /// The `seq` and the `term` of the last item.
    fn position(&self) -> (u64, u64) {
        (self.feed.cursor().seq(), self.feed.cursor().term())
    }

    /// The next item. What was read before is printed before this waits.
    async fn next(&mut self) -> Result<Option<seckill_client::Result<FeedItem>>, Failure> {
        if self.items == BATCH {
            self.flush()?;
        }
        match self.feed.next().now_or_never() {
            Some(item) => Ok(item),
            None => {
                self.flush()?;
                Ok(self.feed.next().await)
            }
        }
    }

    /// The position of the last event.
    async fn end(&self) -> Result<(u64, u64), Failure> {
        let info = self.sale.info().await?;
        Ok((info.seq, info.term))
    }

    fn add(&mut self, item: &FeedItem) -> Result<(), Failure> {
        if let FeedItem::Forked { seq, term } = item {
            note(&format!("a failover lost events: take back those above seq {seq} or term {term}"));
        }
        self.items += 1;
        let Some(line) = Line::of(item) else { return Ok(()) };
        serde_json::to_writer(&mut self.lines, &line).map_err(Failure::server)?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// Prints the lines, and then stores the position.
    fn flush(&mut self) -> Result<(), Failure> {
        if self.items == 0 {
            return Ok(());
        }
        write_out(|out| out.write_all(&self.lines))?;
        self.lines.clear();
        self.items = 0;
        self.file.as_ref().map_or(Ok(()), |file| file.write(self.feed.cursor()))
    }
}
