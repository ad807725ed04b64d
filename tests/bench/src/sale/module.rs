//! A sale by the commands of the module.

use std::collections::HashMap;

use redis::{Cmd, Value, cmd, from_redis_value};

use super::backend::{CLOSES, HOUR, LIMIT, OPENS, Purchase, PurchaseOfAll, SaleBackend};
use crate::failure::Failure;
use crate::pipe::{Pipe, Reply};

/// The key of the sale.
pub(crate) struct ModuleSale {
    sale: String,
}

impl ModuleSale {
    pub(crate) fn new(name: &str) -> Self {
        Self { sale: format!("sale:{name}") }
    }

    pub(crate) fn key(&self) -> &str {
        &self.sale
    }

    /// Units in orders that are sold.
    pub(crate) fn sold(&self, pipe: &mut Pipe) -> Result<u64, Failure> {
        self.units(pipe, "sold")
    }

    /// Raises the limit of orders of a sale.
    pub(crate) fn allow_orders(pipe: &mut Pipe, orders: u64) -> Result<(), Failure> {
        Ok(pipe.set("seckill.max-orders", orders)?)
    }

    fn units(&self, pipe: &mut Pipe, field: &str) -> Result<u64, Failure> {
        let mut info: HashMap<String, Value> = pipe.ask(cmd("SECKILL.INFO").arg(&self.sale))?;
        let value = info.remove(field).ok_or_else(|| format!("INFO has no {field} units"))?;
        Ok(from_redis_value(value)?)
    }
}

impl SaleBackend for ModuleSale {
    fn open(&self, pipe: &mut Pipe) -> Result<(), Failure> {
        pipe.ask::<()>(cmd("DEL").arg(&self.sale))?;
        let mut create = cmd("SECKILL.CREATE");
        create.arg(&self.sale).arg(&["STOCK", "0"]).arg("LIMIT").arg(LIMIT);
        create.arg("OPENS").arg(OPENS).arg("CLOSES").arg(CLOSES);
        pipe.send([create], Reply::Word("OK"))
    }

    fn available(&self, pipe: &mut Pipe) -> Result<u64, Failure> {
        self.units(pipe, "available")
    }

    fn set_stock(&self, pipe: &mut Pipe, units: u64) -> Result<(), Failure> {
        let missing = i64::try_from(units)? - i64::try_from(self.available(pipe)?)?;
        if missing != 0 {
            pipe.ask::<u64>(cmd("SECKILL.RESTOCK").arg(&self.sale).arg(missing))?;
        }
        Ok(())
    }

    fn set_hold(&self, pipe: &mut Pipe, ms: u64) -> Result<(), Failure> {
        let alter = cmd("SECKILL.ALTER").arg(&self.sale).arg("HOLD").arg(ms).take();
        pipe.send([alter], Reply::Word("OK"))
    }

    fn forget(&self, _: &mut Pipe, _: &[String], _: &[String]) -> Result<(), Failure> {
        Ok(())
    }

    fn buy(&self, purchase: &Purchase<'_>) -> Cmd {
        let mut buy = cmd("SECKILL.BUY");
        buy.arg(&self.sale).arg(purchase.buyer).arg(purchase.order);
        if purchase.qty != 1 {
            buy.arg("QTY").arg(purchase.qty);
        }
        if let Some(guard) = &purchase.guard {
            buy.arg("LOCK").arg(guard.key).arg(guard.token);
            if guard.release {
                buy.arg("RELEASE");
            }
        }
        buy
    }

    fn buy_all(sales: &[Self], purchase: &PurchaseOfAll<'_>) -> Cmd {
        let mut buy = cmd("SECKILL.BUYALL");
        buy.arg(sales.len());
        for sale in sales {
            buy.arg(&sale.sale);
        }
        buy.arg(purchase.buyer).arg(purchase.order).arg("QTY").arg(purchase.quantities).take()
    }

    fn confirm(&self, order: &str) -> Cmd {
        cmd("SECKILL.CONFIRM").arg(&self.sale).arg(order).take()
    }

    fn cancel(&self, order: &str) -> Cmd {
        cmd("SECKILL.CANCEL").arg(&self.sale).arg(order).take()
    }

    fn lock(&self, key: &str, token: &str) -> Cmd {
        cmd("SECKILL.LOCK").arg(key).arg(token).arg(HOUR).take()
    }

    fn unlock(&self, key: &str, token: &str) -> Cmd {
        cmd("SECKILL.UNLOCK").arg(key).arg(token).take()
    }
}
