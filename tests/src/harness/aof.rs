//! The AOF of a server.

use std::fs;
use std::path::PathBuf;

use redis::{Cmd, Value};

use super::server::Server;

/// The configuration of an AOF that is written before the reply.
pub(crate) const AOF: &str = "appendonly yes\nappendfsync always";

/// The same, without an RDB preamble when it is rewritten.
pub(crate) const PLAIN_AOF: &str = "appendonly yes\nappendfsync always\naof-use-rdb-preamble no";

/// The files that commands are appended to, oldest first: one, unless the AOF is just rewritten.
pub(crate) fn appended_files(server: &Server) -> Vec<PathBuf> {
    let files = fs::read_dir(server.home().join("appendonlydir")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".incr.aof"));
    paths.sort();
    paths
}

/// The commands of the module in the AOF of a server, which are those that replicas get.
pub(crate) fn appended_commands(server: &Server) -> Vec<Cmd> {
    let mut commands = vec![];
    for path in appended_files(server) {
        let (mut parser, bytes) = (redis::Parser::new(), fs::read(path).unwrap());
        let mut rest = &bytes[..];
        while let Ok(Value::Array(words)) = parser.parse_value(&mut rest) {
            commands.extend(seckill_command(&words));
        }
    }
    commands
}

fn seckill_command(words: &[Value]) -> Option<Cmd> {
    let mut command = Cmd::new();
    for word in words {
        let Value::BulkString(bytes) = word else { panic!("{word:?} in an AOF") };
        command.arg(bytes);
    }
    matches!(&words[0], Value::BulkString(name) if name.starts_with(b"SECKILL.")).then_some(command)
}
