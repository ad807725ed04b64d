//! `seckill completions`.

use clap_complete::{Shell, generate};

use crate::exit::{Exit, Failure};
use crate::output::write_out;

/// Print the completions for a shell
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill completions bash > ~/.local/share/bash-completion/completions/seckill")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut command: clap::Command) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "seckill", &mut script);
        write_out(|out| out.write_all(&script))?;
        Ok(Exit::Done)
    }
}
