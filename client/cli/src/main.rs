//! `seckill`: flash sales that do not oversell, from the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    seckill_cli::main()
}
