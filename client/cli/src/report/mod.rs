//! `seckill report`: how a sale went, as a page.

mod buyers;
mod changes;
mod check;
mod diagram;
mod figures;
mod flow;
mod fold;
mod lead;
mod page;
mod plots;
mod timeline;
mod waits;
mod words;

use std::io::{self, Write};

use seckill_client::Info;

use self::figures::Figures;
use self::fold::Fold;
use self::page::Page;
use crate::exit::{Exit, Failure};
use crate::history;
use crate::output::{self, Output};
use crate::servers::{AnySale, Servers};
use crate::transfers;

/// Write a page on how a sale went, from its events
///
/// The page is one file of HTML that needs nothing else. It counts buyers and names none. Its sums are compared
/// with the figures of the server; where they differ there is no page, but an error. Refused purchases are no
/// events, so they are not in it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill report bottles > report.html
  seckill report bottles --json")]
pub(crate) struct Report {
    /// The key of the sale
    sale: String,
}

impl Report {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        if output::is_terminal() && !output.is_json() {
            let text = format!("this is a page for a browser: seckill report {} > report.html", self.sale);
            return Err(Failure::Usage(text));
        }
        let sale = servers.sale(&self.sale).await?;
        output.print(&Document::of(&sale).await?)?;
        Ok(Exit::Done)
    }
}

/// The figures of a sale, and the page that shows them.
#[derive(serde::Serialize)]
struct Document {
    sale: String,
    info: Info,
    #[serde(flatten)]
    figures: Figures,
    #[serde(skip)]
    page: String,
}

impl Document {
    async fn of(sale: &AnySale) -> Result<Self, Failure> {
        let (info, figures) = read(sale).await?;
        let wrong = check::differences(&figures, &info);
        if !wrong.is_empty() {
            return Err(Failure::Server(format!(
                "the events do not lead to the figures of the server: {}\nseckill sale audit checks the sale itself",
                wrong.join("; ")
            )));
        }
        let name = String::from_utf8_lossy(sale.key()).into_owned();
        let page = Page::of(&name, &info, &figures).and_then(|page| page.html()).map_err(Failure::server)?;
        Ok(Self { sale: name, info, figures, page })
    }
}

/// Reads all events of a sale.
async fn read(sale: &AnySale) -> Result<(Info, Figures), Failure> {
    let mut fold = Fold::new().map_err(Failure::server)?;
    let is_sharded = !sale.is_ordinary();
    let info = history::read(sale, |_, event| match transfers::half(&event.kind) {
        Some(units) if is_sharded => fold.transfer(units),
        _ => fold.event(&event),
    });
    Ok((info.await?.total(), fold.figures()))
}

impl output::Show for Document {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.page.as_bytes())
    }
}
