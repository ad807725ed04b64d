//! The Lua scripts.

use std::sync::LazyLock;

use redis::{Cmd, Script, cmd};

use crate::failure::Failure;
use crate::pipe::Pipe;

/// A script that is called by its hash.
type Known = LazyLock<Script>;

pub(super) static BUY: Known = LazyLock::new(|| Script::new(include_str!("../../lua/buy.lua")));
pub(super) static BUY_ALL: Known = LazyLock::new(|| Script::new(include_str!("../../lua/buy_all.lua")));
pub(super) static CONFIRM: Known = LazyLock::new(|| {
    Script::new(concat!(include_str!("../../lua/held_order.lua"), include_str!("../../lua/confirm.lua")))
});
pub(super) static CANCEL: Known = LazyLock::new(|| {
    Script::new(concat!(include_str!("../../lua/held_order.lua"), include_str!("../../lua/cancel.lua")))
});
/// Releases a lock that is one's own.
pub(crate) static COMPARE_AND_DELETE: Known =
    LazyLock::new(|| Script::new(seckill_client::COMPARE_AND_DELETE));
/// Sets the lease of a lock that is one's own.
pub(crate) static COMPARE_AND_EXPIRE: Known =
    LazyLock::new(|| Script::new(include_str!("../../lua/compare_and_expire.lua")));
/// Takes a unit of the stock, if there is one.
pub(crate) static CHECK_AND_DECREMENT: Known =
    LazyLock::new(|| Script::new(include_str!("../../lua/check_and_decrement.lua")));

/// Loads the scripts into the server.
pub(crate) fn load(pipe: &mut Pipe) -> Result<(), Failure> {
    for script in
        [&BUY, &BUY_ALL, &CONFIRM, &CANCEL, &COMPARE_AND_DELETE, &COMPARE_AND_EXPIRE, &CHECK_AND_DECREMENT]
    {
        pipe.load(script)?;
    }
    Ok(())
}

/// A call of a script with these keys. Its arguments are added later.
pub(crate) fn call(script: &Script, keys: &[&str]) -> Cmd {
    cmd("EVALSHA").arg(script.get_hash()).arg(keys.len()).arg(keys).take()
}
