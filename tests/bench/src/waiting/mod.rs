//! `make waiting`: what callers that wait cost the server, and those who do not.
//!
//! | modules | concept |
//! | --- | --- |
//! | [`plan`] | how much is measured |
//! | [`crowd`] | thousands of connections |
//! | [`pings`] | how long others wait meanwhile |
//! | [`readers`] | buyers beside readers of the same sale |
//! | [`grants`] | a lock that is passed on in lines of all lengths |
//! | [`locks`] | as many locks as there are waiters |

mod crowd;
mod grants;
mod locks;
mod pings;
mod plan;
mod readers;

use std::io::{self, Write};

use crate::failure::Failure;
use crate::progress::Progress;

pub(crate) use plan::Options;
use plan::WaitingPlan;

/// Measures, and prints the tables.
pub(crate) async fn run(options: &Options, progress: &Progress) -> Result<(), Failure> {
    let plan = WaitingPlan::of(options)?;
    let mut out = io::stdout().lock();
    for table in [
        readers::run(&plan, &options.program, progress).await?,
        grants::run(&plan, &options.program, progress).await?,
        locks::run(&plan, &options.program, progress).await?,
    ] {
        write!(out, "{table}")?;
    }
    progress.end();
    Ok(())
}
