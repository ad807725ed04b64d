//! `seckill serve`.

use std::error::Error;
use std::ffi::OsString;

use seckill_launcher::Program;

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
    /// Replaces this process by the server, so it returns only when that failed.
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        Err(self.program.exec(self.arguments).into())
    }
}
