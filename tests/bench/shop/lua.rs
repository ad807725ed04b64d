//! A sale by scripts, as one finds them in many a code base: a hash of the orders, one of the buyers, a sorted set
//! of deadlines, a stream of the events.

use std::sync::LazyLock;

use redis::{Cmd, Script, cmd};

use super::{CLOSES, HOUR, LIMIT, OPENS, Purchase, Shop};
use crate::Failure;
use crate::pipe::{Pipe, Reply};

/// A script of this program, which the server knows by its hash.
type Known = LazyLock<Script>;

static BUY: Known = LazyLock::new(|| Script::new(include_str!("../lua/buy.lua")));
static CONFIRM: Known = LazyLock::new(|| Script::new(include_str!("../lua/confirm.lua")));
static CANCEL: Known = LazyLock::new(|| Script::new(include_str!("../lua/cancel.lua")));
/// Releases a lock that is one's own.
pub(crate) static COMPARE_AND_DELETE: Known =
    LazyLock::new(|| Script::new(include_str!("../lua/compare_and_delete.lua")));
/// Sets the lease of a lock that is one's own.
pub(crate) static COMPARE_AND_EXPIRE: Known =
    LazyLock::new(|| Script::new(include_str!("../lua/compare_and_expire.lua")));
/// Takes a unit of the stock, if there is one.
pub(crate) static CHECK_AND_DECREMENT: Known =
    LazyLock::new(|| Script::new(include_str!("../lua/check_and_decrement.lua")));

/// Makes the scripts known to the server.
pub(crate) fn load(pipe: &mut Pipe) -> Result<(), Failure> {
    for script in [&BUY, &CONFIRM, &CANCEL, &COMPARE_AND_DELETE, &COMPARE_AND_EXPIRE, &CHECK_AND_DECREMENT] {
        pipe.load(script)?;
    }
    Ok(())
}

/// Calls a script with these keys. Its arguments follow.
pub(crate) fn call(script: &Script, keys: &[&str]) -> Cmd {
    cmd("EVALSHA").arg(script.get_hash()).arg(keys.len()).arg(keys).take()
}

/// The keys of the sale.
pub(crate) struct Lua {
    sale: String,
    orders: String,
    buyers: String,
    deadlines: String,
    events: String,
}

impl Lua {
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

impl Shop for Lua {
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

    fn shelve(&self, pipe: &mut Pipe, units: u64) -> Result<(), Failure> {
        pipe.send([cmd("HSET").arg(&self.sale).arg("stock").arg(units).take()], Reply::Number(0))
    }

    fn hold(&self, pipe: &mut Pipe, ms: u64) -> Result<(), Failure> {
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
