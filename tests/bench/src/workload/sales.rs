//! The calls of buyers, on sales of both kinds.

use std::sync::Arc;

use redis::Cmd;
use seckill_page::numerals::thousands;

use super::lock_setup::take;
use super::measured::{Numbers, Workload};
use super::plain::HINCRBY;
use crate::failure::Failure;
use crate::names::{self, scatter};
use crate::pipe::{Pipe, Reply};
use crate::sale::{Guard, HOUR, LIMIT, LuaSale, ModuleSale, Purchase, SaleBackend};

pub(crate) const ACCEPTED: &str = "BUY accepted";
pub(crate) const RELEASED: &str = "BUY with LOCK and RELEASE";
pub(crate) const SOLD_OUT: &str = "BUY sold out";

/// How large a sale is.
#[derive(Clone, Copy)]
pub(crate) enum Size {
    /// It begins with each run of `calls`.
    New { calls: u64 },
    /// It has this many orders when the first run begins. One that keeps its history grows further.
    Grown { orders: u64 },
}

impl Size {
    /// The name of a workload on a sale of this size.
    pub(crate) fn of(self, workload: &str) -> String {
        match self {
            Self::New { .. } => format!("{workload}, new sale"),
            Self::Grown { orders } => format!("{workload}, {} orders", thousands(orders as f64)),
        }
    }

    /// The number of existing orders in runs that need some. They are numbered from 0.
    fn orders(self) -> u64 {
        match self {
            Self::New { calls } => calls,
            Self::Grown { orders } => orders,
        }
    }

    fn backends(self) -> [Arc<dyn SaleBackend>; 2] {
        let name = match self {
            Self::New { .. } => "new",
            Self::Grown { .. } => "grown",
        };
        [Arc::new(LuaSale::new(name)), Arc::new(ModuleSale::new(name))]
    }
}

/// The name of a workload when scripts do it.
pub(crate) fn by_lua(workload: &str) -> String {
    format!("Lua: {workload}")
}

/// The workloads on sales of this size; a run has `calls`.
pub(crate) fn sales(size: Size, calls: u64) -> Vec<Workload> {
    let [lua, ours] = size.backends().map(|backend| SaleWorkloads { backend, size, calls }.workloads());
    let pairs = lua.into_iter().zip(ours).flat_map(|(lua, ours)| {
        let ours = if ours.name == size.of(SOLD_OUT) { ours.beside(HINCRBY) } else { ours };
        beside_lua(lua, ours)
    });
    pairs.collect()
}

/// A workload of the module beside the same one by scripts.
pub(super) fn beside_lua(mut lua: Workload, ours: Workload) -> [Workload; 2] {
    lua.name = by_lua(&ours.name);
    let ours = ours.beside(&lua.name);
    [lua, ours]
}

/// Creates the grown sales.
pub(crate) fn grow(pipe: &mut Pipe, orders: u64) -> Result<(), Failure> {
    for backend in (Size::Grown { orders }).backends() {
        backend.open(pipe)?;
        fill(&*backend, pipe, 0..orders, names::order, "SOLD")?;
    }
    Ok(())
}

/// Places the orders of these numbers and ids, each for a buyer of its own. All must get this state.
pub(crate) fn fill(
    backend: &dyn SaleBackend,
    pipe: &mut Pipe,
    numbers: Numbers,
    id: fn(u64) -> String,
    state: &'static str,
) -> Result<(), Failure> {
    backend.set_stock(pipe, numbers.end - numbers.start)?;
    pipe.send(numbers.map(|number| buy(backend, number, &id(number), None)), Reply::Word(state))
}

fn buy(backend: &dyn SaleBackend, number: u64, order: &str, guard: Option<Guard<'_>>) -> Cmd {
    backend.buy(&Purchase { buyer: &names::buyer(number), order, qty: 1, guard })
}

/// A sale of one kind and size, and its workloads.
#[derive(Clone)]
struct SaleWorkloads {
    backend: Arc<dyn SaleBackend>,
    size: Size,
    calls: u64,
}

impl SaleWorkloads {
    fn workloads(&self) -> [Workload; 7] {
        [
            self.workload(ACCEPTED, "SOLD", Self::stocked, Self::buy),
            self.workload(SOLD_OUT, "SOLDOUT", Self::empty, Self::buy),
            self.workload("BUY over the limit", "LIMIT", Self::with_orders, Self::buy_too_much),
            self.workload("BUY replayed", "SOLD", Self::with_orders, Self::buy_again),
            self.workload(RELEASED, "SOLD", Self::stocked_and_locked, Self::buy_and_release),
            self.workload("CONFIRM", "SOLD", Self::held, Self::confirm),
            self.workload("CANCEL", "CANCELLED", Self::held, Self::cancel),
        ]
    }

    fn workload(
        &self,
        name: &str,
        word: &'static str,
        prepare: fn(&Self, &mut Pipe, Numbers) -> Result<(), Failure>,
        call: fn(&Self, u64) -> Cmd,
    ) -> Workload {
        let [before, sale, after] = [(); 3].map(|()| self.clone());
        Workload::new(self.size.of(name), Reply::Word(word), move |number| call(&sale, number))
            .after(move |pipe, numbers| prepare(&before, pipe, numbers))
            .before(move |pipe, numbers| after.forget(pipe, numbers))
    }

    fn empty(&self, pipe: &mut Pipe, _: Numbers) -> Result<(), Failure> {
        match self.size {
            Size::New { .. } => self.backend.open(pipe),
            Size::Grown { .. } => self.backend.set_stock(pipe, 0),
        }
    }

    fn stocked(&self, pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
        self.empty(pipe, numbers)?;
        self.backend.set_stock(pipe, self.calls)
    }

    fn stocked_and_locked(&self, pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
        take(pipe, numbers.clone())?;
        self.stocked(pipe, numbers)
    }

    fn with_orders(&self, pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
        self.empty(pipe, numbers)?;
        if let Size::New { calls } = self.size {
            fill(&*self.backend, pipe, 0..calls, names::order, "SOLD")?;
        }
        self.backend.set_stock(pipe, 1)
    }

    fn held(&self, pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
        self.stocked(pipe, numbers.clone())?;
        self.backend.set_hold(pipe, HOUR)?;
        pipe.send(numbers.map(|number| self.buy(number)), Reply::Word("HELD"))?;
        self.backend.set_hold(pipe, 0)
    }

    /// Keeps a million orders a million where that is possible: a hash that grows would be rehashed in most
    /// rounds, and be slower than it usually is.
    fn forget(&self, pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
        let (orders, buyers): (Vec<_>, Vec<_>) =
            numbers.map(|number| (names::order(number), names::buyer(number))).unzip();
        self.backend.forget(pipe, &orders, &buyers)
    }

    /// A random one of the existing orders.
    fn existing(&self, number: u64) -> u64 {
        scatter(number) % self.size.orders()
    }

    fn buy(&self, number: u64) -> Cmd {
        buy(&*self.backend, number, &names::order(number), None)
    }

    fn buy_again(&self, number: u64) -> Cmd {
        self.buy(self.existing(number))
    }

    fn buy_too_much(&self, number: u64) -> Cmd {
        let (buyer, order) = (names::buyer(self.existing(number)), names::order(number));
        self.backend.buy(&Purchase { buyer: &buyer, order: &order, qty: LIMIT, guard: None })
    }

    fn buy_and_release(&self, number: u64) -> Cmd {
        let (key, token) = (names::lock(number % self.calls), names::token(number));
        let guard = Guard { key: &key, token: &token, release: true };
        buy(&*self.backend, number, &names::order(number), Some(guard))
    }

    fn confirm(&self, number: u64) -> Cmd {
        self.backend.confirm(&names::order(number))
    }

    fn cancel(&self, number: u64) -> Cmd {
        self.backend.cancel(&names::order(number))
    }
}
