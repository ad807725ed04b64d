//! `seckill events`.

mod cursor_file;
mod line;
mod merged;
mod printer;

use std::path::PathBuf;

use futures_util::FutureExt;
use seckill_client::{Cursors, ShardedFeed};

use crate::exit::{Exit, Failure};
use crate::servers::{Connector, Servers};
use cursor_file::CursorFile;
use merged::{Merged, ended};
use printer::Printer;

/// Print the events of a sale as JSON lines, oldest first
///
/// With --cursor it goes on where the last call with that file ended. The file is replaced after the lines are printed: when the
/// program is killed between the two, the next call prints some lines again, with the same seq.
///
/// The shards of a sharded sale have a sequence each, and a line says of which shard it is. Without --follow the lines are
/// ordered by their time; with it they come as they are read.
///
/// A line with the event FORKED says that a failover lost events: take back what has a higher seq or a higher term than that line,
/// of that shard, and read on.
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
        let sale = servers.sale(&self.sale).await?;
        let file = self.cursor.map(CursorFile::new);
        let begin = file.as_ref().map_or_else(|| Ok(Cursors::start()), CursorFile::read)?;
        let printer = Printer::new(file, !sale.is_ordinary());
        if self.follow {
            follow(sale.feed(begin)?, printer).await?;
        } else {
            print(Merged::begin(&sale, begin).await?, printer).await?;
        }
        Ok(Exit::Done)
    }
}

/// Prints what there is. Before an error is returned, what was read is printed.
async fn print(mut merged: Merged, mut printer: Printer) -> Result<(), Failure> {
    loop {
        let item = merged.next().await;
        if let Ok(Some((shard, item))) = &item {
            printer.add(*shard, item)?;
        }
        if !matches!(item, Ok(Some(_))) || printer.is_full() {
            printer.flush(|| merged.cursors())?;
        }
        if item?.is_none() {
            return Ok(());
        }
    }
}

/// Prints what comes, without end. What was read before is printed before this waits.
async fn follow(mut feed: ShardedFeed<Connector>, mut printer: Printer) -> Result<(), Failure> {
    loop {
        let item = match feed.next().now_or_never() {
            Some(item) => item,
            None => {
                printer.flush(|| feed.cursors())?;
                feed.next().await
            }
        };
        match item {
            Some(Ok((shard, item))) => printer.add(shard, &item)?,
            Some(Err(error)) => {
                printer.flush(|| feed.cursors())?;
                return Err(error.into());
            }
            None => {
                printer.flush(|| feed.cursors())?;
                return Err(ended());
            }
        }
        if printer.is_full() {
            printer.flush(|| feed.cursors())?;
        }
    }
}
