//! What one pass over the servers found.

use std::collections::BTreeMap;

use seckill_client::Info;

use super::follow::History;
use super::server_figures::ServerFigures;
use crate::exit::Failure;

/// The servers and the sales at one moment. What could not be read has the reason instead.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// By name.
    pub(super) servers: BTreeMap<String, Result<ServerFigures, String>>,
    /// By key.
    pub(super) sales: BTreeMap<Vec<u8>, Result<Info, Failure>>,
    /// Sales that were found, but are not read because they are too many.
    pub(super) more: usize,
    /// All keys were searched for sales.
    pub(super) is_complete: bool,
    /// What else went wrong.
    pub(super) problem: Option<String>,
    /// The events of the sale that is looked at.
    pub(super) history: Option<(Vec<u8>, Result<History, String>)>,
}

#[cfg(test)]
impl Sample {
    /// A sample of servers and sales that could all be read.
    pub(super) fn of<const SERVERS: usize, const SALES: usize>(
        servers: [(&str, ServerFigures); SERVERS],
        sales: [(&str, Info); SALES],
    ) -> Self {
        Self {
            servers: servers.map(|(name, figures)| (name.to_owned(), Ok(figures))).into(),
            sales: sales.map(|(key, info)| (key.as_bytes().to_vec(), Ok(info))).into(),
            is_complete: true,
            ..Self::default()
        }
    }
}
