//! The books: what the sale has on record, beside what callers were told.

mod compare;
mod difference;
mod figures;
mod history;
mod ledger;
#[cfg(test)]
mod tests;

pub(super) use compare::compare;
pub(super) use difference::Difference;
pub(super) use ledger::Ledger;
