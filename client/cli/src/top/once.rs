//! One picture for scripts: two samples, and the rates between them.

use std::io::{self, Write};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use seckill_client::Info;
use serde::Serialize;
use tokio::time::sleep;

use super::app::App;
use super::model::{Model, Rates};
use super::sample::Sample;
use super::sampler::Sampler;
use super::server_figures::ServerFigures;
use super::view::{self, Theme};
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};

/// Columns of the picture: enough for all that there is.
const WIDTH: u16 = 160;

/// Prints one picture, once all sales are found.
pub(super) async fn run(
    mut sampler: Sampler,
    first: Sample,
    interval: Duration,
    output: Output,
) -> Result<Exit, Failure> {
    let mut app = App::new(interval);
    app.take(Ok(first));
    loop {
        sleep(interval).await;
        app.take(Ok(sampler.pass(None).await?));
        if sampler.is_complete() {
            break;
        }
    }
    output.print(&Picture(app))?;
    Ok(Exit::Done)
}

struct Picture(App);

impl Show for Picture {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let height = view::full_height(&self.0);
        let mut terminal = Terminal::new(TestBackend::new(WIDTH, height)).map_err(io::Error::other)?;
        terminal
            .draw(|frame| view::draw_picture(frame, frame.area(), &self.0, Theme::new(false)))
            .map_err(io::Error::other)?;
        for line in terminal.backend().buffer().content().chunks(WIDTH.into()) {
            writeln!(out, "{}", text_of(line).trim_end())?;
        }
        Ok(())
    }
}

/// A wide character takes a second cell, which has nothing to print.
fn text_of(line: &[Cell]) -> String {
    let mut text = String::new();
    let mut cells = line.iter();
    while let Some(cell) = cells.next() {
        text.push_str(cell.symbol());
        cells.by_ref().take(view::width(cell.symbol()).saturating_sub(1)).for_each(drop);
    }
    text
}

impl Serialize for Picture {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Figures::of(&self.0.model).serialize(to)
    }
}

/// All figures, for machines.
#[derive(Serialize)]
struct Figures<'a> {
    servers: Vec<ServerNow<'a>>,
    sales: Vec<SaleNow<'a>>,
    /// Sales that are not among these.
    more_sales: usize,
}

#[derive(Serialize)]
struct ServerNow<'a> {
    server: &'a str,
    #[serde(flatten)]
    figures: Option<&'a ServerFigures>,
    /// Null where it is not known.
    per_second: &'a Rates,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct SaleNow<'a> {
    sale: Name<'a>,
    #[serde(flatten)]
    info: Option<&'a Info>,
    orders_per_second: Option<f64>,
    error: Option<&'a str>,
}

impl<'a> Figures<'a> {
    fn of(model: &'a Model) -> Self {
        let servers = model.servers.iter().map(|(name, server)| ServerNow {
            server: name,
            figures: server.figures.as_ref(),
            per_second: &server.rates,
            error: server.problem.as_deref(),
        });
        let sales = model.sales.iter().map(|(key, sale)| SaleNow {
            sale: Name(key),
            info: sale.info.as_ref(),
            orders_per_second: sale.orders.latest(),
            error: sale.problem.as_deref(),
        });
        Self { servers: servers.collect(), sales: sales.collect(), more_sales: model.more }
    }
}
