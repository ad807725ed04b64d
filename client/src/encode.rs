//! Commands as redis-rs sends them.

use redis::{Arg, Cmd};
use seckill_core::protocol::Command;

pub(crate) fn encode(command: Command<'_>) -> Cmd {
    let mut cmd = Cmd::new();
    command.encode(&mut |argument| {
        cmd.arg(argument);
    });
    cmd
}

/// The first key of a command of this crate, if it has one.
pub(crate) fn key(command: &Cmd) -> Option<&[u8]> {
    let mut arguments = command.args_iter().map(|argument| match argument {
        Arg::Simple(bytes) => bytes,
        _ => &[],
    });
    let counts_keys = arguments.next()?.eq_ignore_ascii_case(b"SECKILL.BUYALL");
    arguments.nth(usize::from(counts_keys))
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    #[test]
    fn a_command_has_the_key_that_it_is_about() {
        let key_of = |line: &str| {
            let mut words = line.split(' ');
            let mut command = cmd(words.next().expect("a name"));
            words.for_each(|word| {
                command.arg(word);
            });
            key(&command).map(<[u8]>::to_vec)
        };
        assert_eq!(key_of("SECKILL.BUY bottles ann order-1"), Some(b"bottles".to_vec()));
        assert_eq!(key_of("SECKILL.BUYALL 2 {a}b {a}c ann order-1"), Some(b"{a}b".to_vec()));
        assert_eq!(key_of("PING"), None);
    }
}
