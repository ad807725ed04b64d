//! `seckill sale`: what operators do to a sale.

mod create;
mod rules;
mod show;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::Servers;

/// Create, change, read and delete sales
#[derive(clap::Args)]
pub(crate) struct Sale {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Create(create::Create),
    Show(show::Show),
}

impl Sale {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        match self.command {
            Command::Create(create) => create.run(servers, output).await,
            Command::Show(show) => show.run(servers, output).await,
        }
    }
}
