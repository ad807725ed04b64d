//! The servers that are measured.

use std::ffi::OsString;
use std::path::PathBuf;

use seckill_client::server::{Program, Server};

use crate::Failure;
use crate::free_port::free_port;

/// What a server with an AOF is started with.
pub(crate) const AOF: [&str; 6] =
    ["--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"];
/// However far the replica lags on a busy machine, it is not to begin anew.
const FEED: [&str; 4] = ["--repl-diskless-sync-delay", "0", "--client-output-buffer-limit", "replica 0 0 0"];

/// Which programs and modules to start.
#[derive(clap::Args)]
pub(crate) struct Programs {
    #[command(flatten)]
    program: Program,
    /// Modules of others to measure as well: EXINCRBY and CAD of TairString are known
    #[arg(long, env = "PEER_MODULES", value_name = "PATHS", value_delimiter = ' ')]
    peer_modules: Vec<PathBuf>,
}

impl Programs {
    /// Starts a server with further arguments.
    pub(crate) async fn start(&self, arguments: &[&str]) -> Result<Server, Failure> {
        let mut all: Vec<OsString> = arguments.iter().map(Into::into).collect();
        for module in self.peer_modules.iter().filter(|path| !path.as_os_str().is_empty()) {
            all.push("--loadmodule".into());
            all.push(module.canonicalize().map_err(|error| format!("{}: {error}", module.display()))?.into());
        }
        Ok(Server::with(&self.program, all).await?)
    }

    /// The same, with the port at which others can follow it.
    pub(crate) async fn start_listening(&self, arguments: &[&str]) -> Result<(Server, u16), Failure> {
        let port = free_port();
        let number = port.to_string();
        let listen = ["--bind", "127.0.0.1", "--port", &number];
        Ok((self.start(&[&listen[..], &FEED, arguments].concat()).await?, port))
    }
}

/// A server, perhaps with a replica. They end when this is dropped.
pub(crate) struct Stage {
    pub(crate) primary: Server,
    replica: Option<Server>,
}

impl Stage {
    /// A server that has nothing to do but answer.
    pub(crate) async fn alone(programs: &Programs) -> Result<Self, Failure> {
        Ok(Self { primary: programs.start(&[]).await?, replica: None })
    }

    /// A server that also writes an AOF (everysec), and feeds a replica.
    pub(crate) async fn followed(programs: &Programs) -> Result<Self, Failure> {
        let (primary, port) = programs.start_listening(&AOF).await?;
        let replica = programs.start(&["--replicaof", "127.0.0.1", &port.to_string()]).await?;
        Ok(Self { primary, replica: Some(replica) })
    }

    pub(crate) fn replicas(&self) -> usize {
        usize::from(self.replica.is_some())
    }
}
