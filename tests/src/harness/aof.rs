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

/// A command in an AOF: its name and its arguments.
pub(crate) type Words = Vec<Vec<u8>>;

/// The commands that were appended to the AOF of a server.
pub(crate) fn appended(server: &Server) -> Vec<Words> {
    let mut commands = vec![];
    for path in appended_files(server) {
        let (mut parser, bytes) = (redis::Parser::new(), fs::read(path).unwrap());
        let mut rest = &bytes[..];
        while let Ok(command @ Value::Array(_)) = parser.parse_value(&mut rest) {
            commands.push(redis::from_redis_value(command).unwrap());
        }
    }
    commands
}

/// The names of the commands that were appended, in upper case.
pub(crate) fn appended_names(server: &Server) -> Vec<String> {
    let commands = appended(server);
    commands.iter().map(|words| String::from_utf8_lossy(&words[0]).to_uppercase()).collect()
}

/// The commands of the module that were appended, which are those that replicas get.
pub(crate) fn appended_commands(server: &Server) -> Vec<Cmd> {
    let mut commands = appended(server);
    commands.retain(|words| words[0].starts_with(b"SECKILL."));
    commands.iter().map(|words| Cmd::new().arg(words).take()).collect()
}
