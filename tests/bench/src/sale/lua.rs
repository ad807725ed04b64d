//! A sale by Lua scripts, as they are common without a module: a hash of the orders, one of the buyers, a
//! sorted set of deadlines, a stream of the events.

use redis::{Cmd, cmd};

use super::backend::{CLOSES, HOUR, LIMIT, OPENS, Purchase, PurchaseOfAll, SaleBackend};
use super::scripts::{BUY, BUY_ALL, CANCEL, COMPARE_AND_DELETE, CONFIRM, call};
use crate::failure::Failure;
use crate::pipe::{Pipe, Reply};

/// The keys of the sale.
pub(crate) struct LuaSale {
    sale: String,
    orders: String,
    buyers: String,
    deadlines: String,
    events: String,
}

impl LuaSale {
    pub(crate) fn new(name: &str) -> Self {
        let key = |part| format!("lua:{name}:{part}");
        Self {
            sale: key("sale"),
            orders: key("orders"),
            buyers: key("buyers"),
            deadlines: key("deadlines"),
            events: key("events"),
        }
    }

    fn keys(&self) -> [&str; 5] {
        [&self.sale, &self.orders, &self.buyers, &self.deadlines, &self.events]
    }
}

impl SaleBackend for LuaSale {
    fn open(&self, pipe: &mut Pipe) -> Result<(), Failure> {
        pipe.ask::<()>(cmd("DEL").arg(&self.keys()))?;
        let mut create = cmd("HSET");
        create.arg(&self.sale).arg("stock").arg(0).arg("limit").arg(LIMIT).arg("hold").arg(0);
        create.arg("opens").arg(OPENS).arg("closes").arg(CLOSES);
        pipe.send([create], Reply::Number(5))
    }

    fn available(&self, pipe: &mut Pipe) -> Result<u64, Failure> {
        Ok(pipe.ask(cmd("HGET").arg(&self.sale).arg("stock"))?)
    }

    fn set_stock(&self, pipe: &mut Pipe, units: u64) -> Result<(), Failure> {
        pipe.send([cmd("HSET").arg(&self.sale).arg("stock").arg(units).take()], Reply::Number(0))
    }

    fn set_hold(&self, pipe: &mut Pipe, ms: u64) -> Result<(), Failure> {
        pipe.send([cmd("HSET").arg(&self.sale).arg("hold").arg(ms).take()], Reply::Number(0))
    }

    fn forget(&self, pipe: &mut Pipe, orders: &[String], buyers: &[String]) -> Result<(), Failure> {
        pipe.ask::<()>(cmd("HDEL").arg(&self.orders).arg(orders))?;
        Ok(pipe.ask(cmd("HDEL").arg(&self.buyers).arg(buyers))?)
    }

    fn buy(&self, purchase: &Purchase<'_>) -> Cmd {
        let lock = purchase.guard.as_ref().map(|guard| guard.key);
        let keys: Vec<_> = self.keys().into_iter().chain(lock).collect();
        let mut buy = call(&BUY, &keys);
        buy.arg(purchase.buyer).arg(purchase.order).arg(purchase.qty);
        if let Some(guard) = &purchase.guard {
            buy.arg(guard.token);
            if guard.release {
                buy.arg("RELEASE");
            }
        }
        buy
    }

    fn buy_all(sales: &[Self], purchase: &PurchaseOfAll<'_>) -> Cmd {
        let keys: Vec<_> = sales.iter().flat_map(Self::keys).collect();
        call(&BUY_ALL, &keys).arg(purchase.buyer).arg(purchase.order).arg(purchase.quantities).take()
    }

    fn confirm(&self, order: &str) -> Cmd {
        call(&CONFIRM, &self.keys()).arg(order).take()
    }

    fn cancel(&self, order: &str) -> Cmd {
        call(&CANCEL, &self.keys()).arg(order).take()
    }

    fn lock(&self, key: &str, token: &str) -> Cmd {
        cmd("SET").arg(key).arg(token).arg("NX").arg("PX").arg(HOUR).take()
    }

    fn unlock(&self, key: &str, token: &str) -> Cmd {
        call(&COMPARE_AND_DELETE, &[key]).arg(token).take()
    }
}
