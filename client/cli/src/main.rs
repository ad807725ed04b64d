//! `seckill`: flash sales that do not oversell, from the command line.

mod data_directory;
mod incident;
mod progress;
mod serve;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Flash sales that do not oversell
#[derive(Parser)]
#[command(name = "seckill", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Incident(incident::Incident),
    Serve(serve::Serve),
}

/// Results go to stdout; an error goes to stderr and makes the exit code 1.
fn main() -> ExitCode {
    let result: Result<(), Box<dyn Error>> = match Cli::parse().command {
        Command::Incident(incident) => incident.run(),
        Command::Serve(serve) => serve.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
