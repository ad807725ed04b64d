//! Small sales: the memory of a sale with few orders. There may be a million of them.

use redis::cmd;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::names;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::sale::{HOUR, ModuleSale, SaleBackend};
use crate::server_stats::used_memory;
use crate::servers::{Programs, Servers};
use crate::workload::fill;

/// Sales of each size. The memory that the server uses beside them is negligible then.
const SALES: u64 = 500;

/// A size, and the goal of its memory.
#[derive(Clone, Copy)]
struct Size {
    orders: u64,
    most_bytes: Option<f64>,
}

const SIZES: [Size; 4] = [
    Size { orders: 1, most_bytes: Some(1_200.0) },
    Size { orders: 5, most_bytes: None },
    // 200 bytes an order.
    Size { orders: 20, most_bytes: Some(4_000.0) },
    Size { orders: 100, most_bytes: None },
];

/// The memory of a small sale whose orders have UUIDs as ids, and are held. Each has a buyer of its own, of
/// 12 bytes.
#[derive(serde::Serialize)]
pub(crate) struct SmallSale {
    pub(crate) orders: u64,
    /// By MEMORY USAGE of a sale, in bytes.
    pub(crate) bytes: f64,
    /// By the growth of the server's used_memory, in bytes a sale: with all that the server keeps for a key.
    pub(crate) used_bytes: f64,
    /// The goal of that: at most this.
    pub(crate) most_bytes: Option<f64>,
}

/// Makes sales of each size, on a server of its own.
pub(crate) async fn run(
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<SmallSale>, Failure> {
    progress.begin("small sales", SIZES.len());
    let mut small_sales = Vec::new();
    for size in SIZES {
        let servers = Servers::single(programs).await?;
        let mut pipe = Pipe::open(servers.primary.client(), plan.depth)?;
        small_sales.push(blocking(move || measure(&mut pipe, size)).await?);
        progress.step();
    }
    Ok(small_sales)
}

fn measure(pipe: &mut Pipe, size: Size) -> Result<SmallSale, Failure> {
    // What the server allocates for its first sale does not count.
    make(pipe, "first", size)?;
    let used_before = used_memory(pipe)?;
    for number in 0..SALES {
        make(pipe, &number.to_string(), size)?;
    }
    let used_bytes = (used_memory(pipe)? - used_before) / SALES as f64;
    let bytes = pipe.ask(cmd("MEMORY").arg("USAGE").arg(ModuleSale::new("0").key()))?;
    Ok(SmallSale { orders: size.orders, bytes, used_bytes, most_bytes: size.most_bytes })
}

fn make(pipe: &mut Pipe, name: &str, size: Size) -> Result<(), Failure> {
    let sale = ModuleSale::new(name);
    sale.open(pipe)?;
    sale.set_hold(pipe, HOUR)?;
    fill(&sale, pipe, 0..size.orders, names::order, "HELD")
}
