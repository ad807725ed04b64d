//! What servers store on disk.

use std::fs;

use super::aof::{AOF, PLAIN_AOF};
use super::conditions::wait_until;
use super::info::stat;
use super::server::{Connection, Server};
use super::session::{ask, play};

pub(crate) async fn rewrite(connection: &mut Connection) {
    ask(connection, "BGREWRITEAOF").await;
    wait_until_rewritten(connection).await;
}

/// Waits until no rewrite of the AOF is under way.
pub(crate) async fn wait_until_rewritten(connection: &mut Connection) {
    wait_until("the AOF is rewritten", async || {
        stat(connection, "persistence", "aof_rewrite_in_progress").await == "0"
            && stat(connection, "persistence", "aof_rewrite_scheduled").await == "0"
    })
    .await;
    assert_eq!(stat(connection, "persistence", "aof_last_bgrewrite_status").await, "ok");
}

/// What a server stores, and loads when it starts.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Storage {
    Rdb,
    Aof { preamble: bool, rewritten: bool },
}

pub(crate) const STORAGES: [Storage; 5] = [
    Storage::Rdb,
    Storage::Aof { preamble: true, rewritten: false },
    Storage::Aof { preamble: true, rewritten: true },
    Storage::Aof { preamble: false, rewritten: false },
    Storage::Aof { preamble: false, rewritten: true },
];

impl Storage {
    pub(crate) fn config(self) -> &'static str {
        match self {
            Self::Rdb => "",
            Self::Aof { preamble: true, .. } => AOF,
            Self::Aof { preamble: false, .. } => PLAIN_AOF,
        }
    }

    /// Whether it is an AOF that was rewritten.
    pub(crate) fn is_rewritten(self) -> bool {
        matches!(self, Self::Aof { rewritten: true, .. })
    }

    pub(crate) async fn save(self, connection: &mut Connection) {
        match self {
            Self::Rdb => play(connection, "SAVE => OK").await,
            Self::Aof { rewritten: true, .. } => rewrite(connection).await,
            Self::Aof { rewritten: false, .. } => {}
        }
    }

    /// Replaces what a server that was killed stores by what another one stored.
    pub(crate) fn copy(self, from: &Server, to: &Server) {
        let (from, to) = (from.home(), to.home());
        if self == Self::Rdb {
            fs::copy(from.join("dump.rdb"), to.join("dump.rdb")).unwrap();
            return;
        }
        let (from, to) = (from.join("appendonlydir"), to.join("appendonlydir"));
        fs::remove_dir_all(&to).unwrap();
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let path = file.unwrap().path();
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
