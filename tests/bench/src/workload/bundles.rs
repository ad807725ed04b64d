//! Purchases from several sales at once, on sales of both kinds. All sales begin with each run.

use std::sync::Arc;

use redis::Cmd;

use super::measured::{Numbers, Workload};
use super::sales::beside_lua;
use crate::failure::Failure;
use crate::names;
use crate::pipe::{Pipe, Reply};
use crate::sale::{LuaSale, ModuleSale, Purchase, PurchaseOfAll, SaleBackend};

/// The sales of the bundle whose time has a goal.
const BUNDLE: usize = 4;
/// The most sales of a bundle that is measured.
const MOST: usize = 16;
const SOLD: [&str; MOST] = ["SOLD"; MOST];
/// The last of them has no stock.
const ONE_SOLD_OUT: [&str; BUNDLE] = ["FREE", "FREE", "FREE", "SOLDOUT"];

/// The name of an accepted bundle, the one with a goal.
pub(crate) fn bundle() -> String {
    name("BUYALL accepted", BUNDLE)
}

/// The workloads.
pub(crate) fn bundles() -> Vec<Workload> {
    let pairs = bundles_of(LuaSale::new).into_iter().zip(bundles_of(ModuleSale::new));
    let in_turn = BundleWorkloads::new(ModuleSale::new, BUNDLE).in_turn();
    let bundles = pairs.flat_map(|(lua, ours)| {
        let ours = if ours.name == bundle() { ours.beside(&in_turn.name) } else { ours };
        beside_lua(lua, ours)
    });
    let mut all: Vec<_> = bundles.collect();
    all.push(in_turn);
    all
}

fn bundles_of<S: SaleBackend + 'static>(new: fn(&str) -> S) -> [Workload; 5] {
    let [one, several, most] = [1, BUNDLE, MOST].map(|sales| BundleWorkloads::new(new, sales));
    [one.accepted(), several.accepted(), most.accepted(), several.one_sold_out(), several.replayed()]
}

fn name(workload: &str, sales: usize) -> String {
    format!("{workload}, {sales} new {}", if sales == 1 { "sale" } else { "sales" })
}

/// Sales of one kind, and their workloads.
struct BundleWorkloads<S> {
    sales: Arc<[S]>,
}

impl<S: SaleBackend + 'static> BundleWorkloads<S> {
    fn new(new: fn(&str) -> S, sales: usize) -> Self {
        Self { sales: (0..sales).map(|number| new(&format!("bundle-{number}"))).collect() }
    }

    fn accepted(&self) -> Workload {
        self.workload("BUYALL accepted", sold(self.sales.len()), stock_up)
    }

    fn one_sold_out(&self) -> Workload {
        self.workload("BUYALL one sold out", Reply::Words(&ONE_SOLD_OUT), |pipe, sales, _| {
            // If one call took a unit, the next one would not find it.
            stock_up(pipe, sales, 0..1)?;
            sales.last().map_or(Ok(()), |last| last.set_stock(pipe, 0))
        })
    }

    fn replayed(&self) -> Workload {
        self.workload("BUYALL replayed", sold(self.sales.len()), |pipe, sales, numbers| {
            stock_up(pipe, sales, numbers.clone())?;
            pipe.send(numbers.map(|number| buy_all(sales, number)), sold(sales.len()))
        })
    }

    /// A call buys from one of the sales, so that a bundle takes as many calls as it has sales.
    fn in_turn(&self) -> Workload {
        let [sales, before] = [(); 2].map(|()| Arc::clone(&self.sales));
        Workload::new(name("BUY in turn", sales.len()), Reply::Word("SOLD"), move |number| {
            let (buyer, order) = (names::buyer(number), names::order(number));
            let sale = &sales[number as usize % sales.len()];
            sale.buy(&Purchase { buyer: &buyer, order: &order, qty: 1, guard: None })
        })
        .after(move |pipe, numbers| stock_up(pipe, &before, numbers))
    }

    fn workload(
        &self,
        workload: &str,
        reply: Reply,
        prepare: fn(&mut Pipe, &[S], Numbers) -> Result<(), Failure>,
    ) -> Workload {
        let [sales, before] = [(); 2].map(|()| Arc::clone(&self.sales));
        Workload::new(name(workload, sales.len()), reply, move |number| buy_all(&sales, number))
            .after(move |pipe, numbers| prepare(pipe, &before, numbers))
    }
}

fn sold(sales: usize) -> Reply {
    Reply::Words(&SOLD[..sales])
}

/// Begins the sales, each with a unit for every call.
fn stock_up<S: SaleBackend>(pipe: &mut Pipe, sales: &[S], numbers: Numbers) -> Result<(), Failure> {
    sales.iter().try_for_each(|sale| {
        sale.open(pipe)?;
        sale.set_stock(pipe, numbers.end - numbers.start)
    })
}

fn buy_all<S: SaleBackend>(sales: &[S], number: u64) -> Cmd {
    let (buyer, order) = (names::buyer(number), names::order(number));
    S::buy_all(sales, &PurchaseOfAll { buyer: &buyer, order: &order, quantities: &vec![1; sales.len()] })
}
