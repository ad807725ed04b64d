//! The commands, and what all of them have.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::exit::{Exit, Failure};
use crate::output::{Output, note};
use crate::servers::Servers;
use crate::{completions, events, incident, load, lock, man, metrics, order, report, sale, serve, top};

/// Flash sales that do not oversell
#[derive(Parser)]
#[command(name = "seckill", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    servers: Servers,
    /// Print JSON for machines: one object a line
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by the rules, such as SOLDOUT, or because a sale or an order does not exist
  2  wrong arguments
  3  no server, or one that cannot do it
`seckill lock run` exits as the command that it ran.";

#[derive(Subcommand)]
enum Command {
    Sale(sale::Sale),
    Buy(order::Buy),
    Confirm(order::Confirm),
    Extend(order::Extend),
    Cancel(order::Cancel),
    Order(order::Order),
    Buyer(order::Buyer),
    Events(events::Events),
    Lock(lock::Lock),
    Top(top::Top),
    Report(report::Report),
    Load(load::Load),
    Metrics(metrics::Metrics),
    Serve(serve::Serve),
    Incident(incident::Incident),
    Completions(completions::Completions),
    Man(man::Man),
}

/// The definitions of all commands, for help, man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Results go to stdout, an error to stderr.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            note(&format!("error: {failure}"));
            ExitCode::from(&failure)
        }
    }
}

impl Cli {
    fn run(self) -> Result<Exit, Failure> {
        let Self { command, servers, json } = self;
        let output = Output::new(json);
        match command {
            Command::Sale(sale) => block_on(sale.run(&servers, output)),
            Command::Buy(buy) => block_on(buy.run(&servers, output)),
            Command::Confirm(confirm) => block_on(confirm.run(&servers, output)),
            Command::Extend(extend) => block_on(extend.run(&servers, output)),
            Command::Cancel(cancel) => block_on(cancel.run(&servers, output)),
            Command::Order(order) => block_on(order.run(&servers, output)),
            Command::Buyer(buyer) => block_on(buyer.run(&servers, output)),
            Command::Events(events) => block_on(events.run(&servers)),
            Command::Lock(lock) => block_on(lock.run(&servers, output)),
            Command::Top(top) => block_on(top.run(&servers, output)),
            Command::Report(report) => block_on(report.run(&servers, output)),
            Command::Load(load) => block_on(load.run(&servers, output)),
            Command::Metrics(metrics) => block_on(metrics.run(&servers, output)),
            Command::Serve(serve) => serve.run(),
            Command::Incident(incident) => incident.run(output),
            Command::Completions(completions) => completions.run(Cli::command()),
            Command::Man(man) => man.run(Cli::command()),
        }
    }
}

fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Runtime::new()?.block_on(work)
}
