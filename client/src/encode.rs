//! Commands as redis-rs sends them.

use redis::Cmd;
use seckill_core::protocol::Command;

pub(crate) fn encode(command: Command<'_>) -> Cmd {
    let mut cmd = Cmd::new();
    command.encode(&mut |argument| {
        cmd.arg(argument);
    });
    cmd
}
