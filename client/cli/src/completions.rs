//! `seckill completions`.

use clap_complete::{Shell, generate};

use crate::exit::{Exit, Failure};
use crate::output::write_out;

/// Print the completions for a shell
///
/// For bash they go to ~/.local/share/bash-completion/completions/seckill, for zsh to a directory of its fpath as _seckill, for fish to
/// ~/.config/fish/completions/seckill.fish.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill completions bash > seckill.bash")]
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
