//! The servers that are measured.

use std::path::PathBuf;

use seckill_launcher::{Program, Server};

use crate::failure::Failure;

/// The configuration of a server with an AOF.
pub(crate) const AOF: &str = "appendonly yes\nappendfsync everysec\nauto-aof-rewrite-percentage 0\n";
/// However far the replica lags on a busy machine, the primary keeps the link, so that no full resync is
/// measured.
const UNLIMITED_LAG: &str = "client-output-buffer-limit replica 0 0 0\n";

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
    /// Starts a server with further lines of configuration.
    pub(crate) async fn start(&self, config: &str) -> Result<Server, Failure> {
        Ok(Server::start(&self.program, &self.with_modules(config)?).await?)
    }

    /// The same with a port, so that it can have replicas.
    pub(crate) async fn start_primary(&self, config: &str) -> Result<(Server, u16), Failure> {
        let config = self.with_modules(&format!("{UNLIMITED_LAG}{config}"))?;
        let server = Server::start_with_port(&self.program, &config).await?;
        let port = server.port().ok_or("the server has no port")?;
        Ok((server, port))
    }

    fn with_modules(&self, config: &str) -> Result<String, Failure> {
        let mut config = config.to_owned();
        for module in self.peer_modules.iter().filter(|path| !path.as_os_str().is_empty()) {
            let path = module.canonicalize().map_err(|error| format!("{}: {error}", module.display()))?;
            config += &format!("\nloadmodule \"{}\"", path.display());
        }
        Ok(config)
    }
}

/// A server, perhaps with a replica. They end when this is dropped.
pub(crate) struct Servers {
    pub(crate) primary: Server,
    replica: Option<Server>,
}

impl Servers {
    /// A server without AOF and replica.
    pub(crate) async fn single(programs: &Programs) -> Result<Self, Failure> {
        Ok(Self { primary: programs.start("").await?, replica: None })
    }

    /// A server with an AOF (everysec) and a replica.
    pub(crate) async fn with_replica(programs: &Programs) -> Result<Self, Failure> {
        let (primary, port) = programs.start_primary(AOF).await?;
        let replica = programs.start(&format!("replicaof 127.0.0.1 {port}")).await?;
        Ok(Self { primary, replica: Some(replica) })
    }

    pub(crate) fn replicas(&self) -> usize {
        usize::from(self.replica.is_some())
    }
}
