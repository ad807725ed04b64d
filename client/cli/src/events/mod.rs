//! `seckill events`.

mod cursor_file;
mod line;

use std::path::PathBuf;

use futures_util::FutureExt;
use seckill_client::{Cursor, Feed, FeedItem, Sale};

use crate::exit::{Exit, Failure};
use crate::output::write_out;
use crate::servers::{Connector, Servers};
use cursor_file::CursorFile;
use line::Line;

/// Items that are printed before the cursor is stored at the latest.
const BATCH: usize = 1000;

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
        Reader { sale, feed, file, lines: Vec::new(), items: 0 }.read(self.follow).await?;
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
    /// Ends with the event that is the last one when this begins, or never.
    async fn read(&mut self, follow: bool) -> Result<(), Failure> {
        let mut end = if follow { None } else { Some(self.end().await?) };
        while end != Some((self.feed.cursor().seq(), self.feed.cursor().term())) {
            match self.next().await? {
                None => break,
                Some(Ok(item)) => {
                    self.add(&item)?;
                    if end.is_some() && matches!(item, FeedItem::Forked { .. }) {
                        end = Some(self.end().await?);
                    }
                }
                Some(Err(error)) => {
                    self.flush()?;
                    return Err(error.into());
                }
            }
        }
        self.flush()
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
            eprintln!("a failover lost events: take back those above seq {seq} or term {term}");
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
