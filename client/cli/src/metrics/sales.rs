//! The figures of a sale, from the primary that has it.

use seckill_client::{Error, Info, Seckill};

use crate::exit::Failure;
use crate::servers::Primary;

/// A primary by its name, if it is reached.
pub(super) type Reached = (String, Result<Primary, Failure>);

/// Asks any of the primaries, and the one that it names if the sale is there. Others may be out of reach.
pub(super) async fn info(primaries: &[Reached], sale: &str) -> Result<Info, Failure> {
    let mut primary = any(primaries)?;
    // The slot may move once more meanwhile; then the next scrape finds it.
    for _ in 0..2 {
        match primary.connection().seckill().info(sale).await {
            Err(error) => match owner(&error) {
                Some(owner) => primary = named(primaries, owner)?,
                None => return Err(of(sale, error.into())),
            },
            Ok(info) => return Ok(info),
        }
    }
    Err(Failure::Server(format!("the slot of {sale} is moving")))
}

/// The failure with the name of the sale.
fn of(sale: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(text) => Failure::Refused(format!("{sale}: {text}")),
        Failure::Server(text) => Failure::Server(format!("{sale}: {text}")),
        usage @ Failure::Usage(_) => usage,
    }
}

fn any(primaries: &[Reached]) -> Result<&Primary, Failure> {
    let reached = primaries.iter().find_map(|(_, primary)| primary.as_ref().ok());
    let failed = || primaries.iter().find_map(|(_, primary)| primary.as_ref().err().cloned());
    reached.ok_or_else(|| failed().unwrap_or_else(|| Failure::Server("there is no primary".to_owned())))
}

fn named<'a>(primaries: &'a [Reached], name: &str) -> Result<&'a Primary, Failure> {
    match primaries.iter().find(|(known, _)| known == name) {
        Some((_, primary)) => primary.as_ref().map_err(Clone::clone),
        None => Err(Failure::Server(format!("{name} is not known yet"))),
    }
}

/// The primary that has the sale, where a server redirects to it.
fn owner(error: &Error) -> Option<&str> {
    match error {
        Error::Redis(error) => error.redirect_node().map(|(address, _)| address),
        _ => None,
    }
}
