//! Restocks and alterations, in their sequence.

use seckill_client::Rules;

/// More are counted only.
const MOST: usize = 200;

#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Changes {
    pub(super) total: u64,
    /// The first of them.
    pub(super) first: Vec<Change>,
}

#[derive(Debug, serde::Serialize)]
pub(super) struct Change {
    /// In unix ms.
    pub(super) at: u64,
    #[serde(flatten)]
    pub(super) kind: Kind,
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Altered { before: Rules, after: Rules },
    Restocked { qty: i64, id: Option<String> },
}

impl Changes {
    pub(super) fn add(&mut self, at: u64, kind: Kind) {
        self.total = self.total.saturating_add(1);
        if self.first.len() < MOST {
            self.first.push(Change { at, kind });
        }
    }

    /// How many are not listed.
    pub(super) fn more(&self) -> u64 {
        self.total.saturating_sub(self.first.len() as u64)
    }
}
