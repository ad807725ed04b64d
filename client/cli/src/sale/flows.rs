//! Where the units of a sharded sale came from, and where they are.

use std::io::{self, Write};

use seckill_client::{EventKind, Transfer};

use crate::count::count;
use crate::exit::Failure;
use crate::history;
use crate::output::Show;
use crate::servers::AnySale;
use crate::transfers;

/// The units of all shards, and the transfers between them.
#[derive(serde::Serialize)]
pub(super) struct Flows {
    shards: usize,
    /// Units that the sale was created with, and those of its restocks.
    stock: i64,
    available: u64,
    held: u64,
    sold: u64,
    /// Units that a shard gave and no other one has; negative, when two have them.
    in_transit_units: i64,
    /// How many transfers moved units.
    moved: usize,
    /// Those whose units are in no shard, and those whose units are in two.
    in_transit: Vec<String>,
    doubled: Vec<String>,
    #[serde(skip)]
    uneven: Vec<Transfer>,
    /// Of a repair: the transfers that it could not finish.
    #[serde(skip)]
    open: Option<Vec<Transfer>>,
}

impl Flows {
    /// Reads all events of each shard.
    pub(super) async fn read(sale: &AnySale) -> Result<Self, Failure> {
        let (mut stock, mut on_the_way) = (0_i64, 0_i64);
        let read = history::read(sale, |_, event| match (transfers::half(&event.kind), &event.kind) {
            (Some(units), _) => on_the_way = on_the_way.saturating_sub(units),
            (None, EventKind::Created { qty, .. }) => stock = stock.saturating_add_unsigned(*qty),
            (None, EventKind::Restocked { qty, .. }) => stock = stock.saturating_add(*qty),
            _ => {}
        });
        let total = read.await?.total();
        let transfers = sale.transfers().await?;
        let ids = |transfers: &[Transfer]| transfers.iter().map(ToString::to_string).collect();
        Ok(Self {
            shards: sale.shards().len(),
            stock,
            available: total.available,
            held: total.held,
            sold: total.sold,
            in_transit_units: on_the_way,
            moved: transfers.moved,
            in_transit: ids(&transfers.in_transit),
            doubled: ids(&transfers.doubled),
            uneven: [transfers.in_transit, transfers.doubled].concat(),
            open: None,
        })
    }

    /// Whether the units that the sale was given are in its shards, each in one of them. Those that are on the way because
    /// the shards were not read at one instant are no transfers that stay there.
    pub(super) fn are_even(&self) -> bool {
        self.uneven.is_empty() && self.is_whole()
    }

    /// Whether no units are missing, and none too many.
    fn is_whole(&self) -> bool {
        let has = [self.available, self.held, self.sold].map(i128::from).iter().sum::<i128>();
        has + i128::from(self.in_transit_units) == i128::from(self.stock)
    }

    /// Finishes the transfers that are not, and reads all again.
    pub(super) async fn repaired(self, sale: &AnySale) -> Result<Self, Failure> {
        let open = sale.finish(&self.uneven).await?;
        Ok(Self { open: Some(open), ..Self::read(sale).await? })
    }

    /// What becomes of the transfers that are not finished.
    fn show_uneven(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(open) = &self.open else { return writeln!(out, "  --repair finishes these transfers") };
        for transfer in open {
            let Transfer { from, to, units, .. } = transfer;
            let units = count(*units, "unit");
            if self.doubled.contains(&transfer.to_string()) {
                writeln!(
                    out,
                    "  shard {from} owes {units}: restock the sale, or cancel orders; --repair finishes it then"
                )?;
            } else {
                writeln!(
                    out,
                    "  {units} from shard {from} to shard {to}: repeat --repair when both answer and can take units"
                )?;
            }
        }
        Ok(())
    }
}

impl Show for Flows {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            shards, stock, available, held, sold, in_transit_units, moved, in_transit, doubled, ..
        } = self;
        let relation = if self.is_whole() { "=" } else { "IS NOT" };
        writeln!(
            out,
            "  {} {relation} {available} available + {held} held + {sold} sold + {in_transit_units} on the way, in {}",
            count(*stock, "unit"),
            count(*shards, "shard")
        )?;
        writeln!(out, "  {} between shards", count(*moved, "transfer"))?;
        for transfer in in_transit {
            writeln!(out, "  in no shard: {transfer}")?;
        }
        for transfer in doubled {
            writeln!(out, "  IN TWO SHARDS: {transfer}")?;
        }
        if self.uneven.is_empty() { Ok(()) } else { self.show_uneven(out) }
    }
}
