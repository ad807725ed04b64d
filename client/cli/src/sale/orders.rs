//! `seckill sale orders`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write};

use clap::ValueEnum;
use seckill_client::{Event, EventKind, State};

use crate::exit::{Exit, Failure};
use crate::history;
use crate::names::Name;
use crate::output::{Output, json_lines, write_out};
use crate::servers::Servers;
use crate::table::table;
use crate::times::{instant, second};

/// List the orders of a sale, the oldest first
///
/// They are read from the events of the sale, so this shows every order that it ever had.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale orders bottles --state held
  seckill sale orders bottles --buyer ann --json
  seckill sale orders bottles --csv > orders.csv")]
pub(super) struct Orders {
    /// The key of the sale
    sale: String,
    /// Only orders in this state; several may be named
    #[arg(long = "state", value_enum, value_delimiter = ',', ignore_case = true)]
    states: Vec<OrderState>,
    /// Only orders of this buyer
    #[arg(long)]
    buyer: Option<String>,
    /// Only so many, the latest ones
    #[arg(long, value_name = "ORDERS")]
    last: Option<usize>,
    /// Print comma-separated values; --json prints an object a line
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OrderState {
    Held,
    Sold,
    Cancelled,
    Expired,
}

/// An order, as far as events tell.
#[derive(serde::Serialize)]
struct Row {
    #[serde(serialize_with = "crate::names::serialize")]
    order: Vec<u8>,
    #[serde(serialize_with = "crate::names::serialize")]
    buyer: Vec<u8>,
    qty: u32,
    state: State,
    /// When it was placed, and when its state last changed, in unix ms.
    placed: u64,
    at: u64,
    /// When its hold runs out.
    deadline: Option<u64>,
}

impl Orders {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?;
        let mut orders = Folded::default();
        let of_buyer = |buyer: &[u8]| self.buyer.as_ref().is_none_or(|only| only.as_bytes() == buyer);
        history::read(&sale, |shard, event| orders.add(shard, event, of_buyer)).await?;
        let mut rows = orders.rows;
        rows.retain(|row| self.wants(&row.state));
        rows.drain(..rows.len().saturating_sub(self.last.unwrap_or(usize::MAX)));
        match (self.csv, output.is_json()) {
            (true, _) => write_out(|out| csv(&rows, out))?,
            (_, true) => write_out(|out| json_lines(&rows, out))?,
            _ => write_out(|out| text(&rows, out))?,
        }
        Ok(Exit::Done)
    }

    fn wants(&self, state: &State) -> bool {
        let is = |wanted: &OrderState| match wanted {
            OrderState::Held => *state == State::Held,
            OrderState::Sold => *state == State::Sold,
            OrderState::Cancelled => *state == State::Cancelled,
            OrderState::Expired => *state == State::Expired,
        };
        self.states.is_empty() || self.states.iter().any(is)
    }
}

/// The orders that events tell of, in the sequence in which they were placed.
#[derive(Default)]
struct Folded {
    rows: Vec<Row>,
    /// By shard and id: two shards may have orders of the same id.
    places: HashMap<(usize, Vec<u8>), usize>,
}

impl Folded {
    fn add(&mut self, shard: usize, event: Event, of_buyer: impl Fn(&[u8]) -> bool) {
        let EventKind::Order { state, order, buyer, qty, deadline, .. } = event.kind else { return };
        if !of_buyer(&buyer) {
            return;
        }
        let at = event.at;
        match self.places.entry((shard, order)) {
            Entry::Occupied(place) => {
                let row = &mut self.rows[*place.get()];
                (row.state, row.at, row.deadline) = (state, at, deadline);
            }
            Entry::Vacant(place) => {
                let order = place.key().1.clone();
                place.insert(self.rows.len());
                self.rows.push(Row { order, buyer, qty, state, placed: at, at, deadline });
            }
        }
    }
}

fn csv(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["order", "buyer", "qty", "state", "placed", "at", "deadline"])?;
    for Row { order, buyer, qty, state, placed, at, deadline } in rows {
        csv.write_record([
            Name(order).to_string(),
            Name(buyer).to_string(),
            qty.to_string(),
            state.to_string(),
            instant(*placed),
            instant(*at),
            deadline.map(instant).unwrap_or_default(),
        ])?;
    }
    csv.flush()
}

fn text(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "no orders");
    }
    let mut table = table(&["ORDER", "BUYER", ">QTY", "STATE", "PLACED", "HELD UNTIL"]);
    for Row { order, buyer, qty, state, placed, deadline, .. } in rows {
        table.add_row([
            Name(order).to_string(),
            Name(buyer).to_string(),
            qty.to_string(),
            state.to_string(),
            second(*placed),
            deadline.map(second).unwrap_or_default(),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())
}
