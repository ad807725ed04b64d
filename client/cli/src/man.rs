//! `seckill man`.

use std::fs;
use std::path::PathBuf;

use crate::exit::{Exit, Failure};

/// Write the man pages, one for each command
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill man ./man1")]
pub(crate) struct Man {
    /// The directory to write them to; it is created where it does not exist
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(self, command: clap::Command) -> Result<Exit, Failure> {
        let failed =
            |error| Failure::Server(format!("cannot write to {}: {error}", self.directory.display()));
        fs::create_dir_all(&self.directory).map_err(failed)?;
        clap_mangen::generate_to(command, &self.directory).map_err(failed)?;
        Ok(Exit::Done)
    }
}
