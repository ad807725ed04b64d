//! `seckill sale`: what operators do to a sale.

mod alter;
mod audit;
mod balance;
mod create;
mod creation;
mod delete;
mod figures;
mod flows;
mod list;
mod orders;
mod restock;
mod roll;
mod rules;
mod shards;
mod show;

use clap::Subcommand;

pub(crate) use figures::rules_in_words;

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
    Alter(alter::Alter),
    Open(alter::Open),
    Close(alter::Close),
    Restock(restock::Restock),
    Show(show::Show),
    Audit(audit::Audit),
    Balance(balance::Balance),
    List(list::List),
    Orders(orders::Orders),
    Roll(roll::Roll),
    Delete(delete::Delete),
}

impl Sale {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        match self.command {
            Command::Create(create) => create.run(servers, output).await,
            Command::Alter(alter) => alter.run(servers, output).await,
            Command::Open(open) => open.run(servers, output).await,
            Command::Close(close) => close.run(servers, output).await,
            Command::Restock(restock) => restock.run(servers, output).await,
            Command::Show(show) => show.run(servers, output).await,
            Command::Audit(audit) => audit.run(servers, output).await,
            Command::Balance(balance) => balance.run(servers, output).await,
            Command::List(list) => list.run(servers, output).await,
            Command::Orders(orders) => orders.run(servers, output).await,
            Command::Roll(roll) => roll.run(servers, output).await,
            Command::Delete(delete) => delete.run(servers, output).await,
        }
    }
}
