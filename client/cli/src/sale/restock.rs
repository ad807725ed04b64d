//! `seckill sale restock`.

use std::io::{self, Write};

use uuid::Uuid;

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;

/// Add units to a sale, or take units away that are available
///
/// It happens once for each id: repeat it with the id when you do not know whether it was done. The units of a sharded sale
/// are spread evenly.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale restock bottles 50 --id delivery-7
  seckill sale restock bottles -2 --id broken-1")]
pub(super) struct Restock {
    /// The key of the sale
    sale: String,
    /// Units to add; negative: to take away; 0: only to use the id up
    #[arg(allow_negative_numbers = true)]
    units: i64,
    /// The id of this delivery [default: a new one]
    #[arg(long)]
    id: Option<String>,
}

/// What came of it.
#[derive(serde::Serialize)]
struct Restocked {
    sale: String,
    units: i64,
    id: String,
    available: u64,
}

impl Restock {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let Self { sale, units, id } = self;
        let id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
        let handle = servers.sale(&sale).await?;
        let available = handle.restock(units, &id).await;
        let available = available.map_err(|error| with_id(error.into(), &id))?;
        let restocked = Restocked { sale, units, id, available };
        output.print(&restocked).map_err(|failure| with_id(failure, &restocked.id))?;
        Ok(Exit::Done)
    }
}

/// Without the id that was made here nobody could repeat it.
fn with_id(failure: Failure, id: &str) -> Failure {
    failure.advising(format_args!("it may be done: repeat it with --id {id}"))
}

impl Show for Restocked {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { sale, units, id, available } = self;
        let [sale, id] = [sale, id].map(|name| Name(name.as_bytes()));
        writeln!(out, "{sale}: {units:+} by {id}, {available} available")
    }
}
