//! `seckill lock`: the locks of a fleet, from a shell.

mod command;
mod fingerprint;
mod group;
mod run;
mod show;
mod signals;
mod supervise;
mod terminal;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::Servers;

/// Run a command under a lock, and see who holds one
#[derive(clap::Args)]
pub(crate) struct Lock {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    Show(show::Show),
}

impl Lock {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        match self.command {
            Command::Run(run) => run.run(servers).await,
            Command::Show(show) => show.run(servers, output).await,
        }
    }
}
