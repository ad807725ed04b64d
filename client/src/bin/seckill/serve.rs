//! `seckill serve`.

use std::error::Error;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use seckill_client::server::{Program, cannot_run};

/// Start redis-server with the module, in the foreground
#[derive(clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    program: Program,
    /// Arguments for redis-server: a configuration file, `--port 7000`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Serve {
    /// Becomes the server, and so returns only when it could not be started.
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        let mut command = self.program.command(self.arguments)?;
        let source = command.exec();
        Err(cannot_run(&command, source).into())
    }
}
