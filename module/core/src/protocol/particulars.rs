//! How a sale differs from the one that CREATE asks for.

use super::error::{Error, PARTICULARS};
use super::rules::Rules;

const COUNT: usize = PARTICULARS.len();

/// The values of [`PARTICULARS`].
fn values(stock: u64, rules: &Rules) -> [u64; COUNT] {
    let Rules { limit, attempts: _, hold, opens, closes } = *rules;
    [stock, limit, rules.attempts_allowed(), hold.0, opens.0, closes.0]
}

/// Which of them are not the default. The stock has none.
fn given(rules: &Rules) -> [bool; COUNT] {
    let Rules { limit, attempts, hold, opens, closes } = *rules;
    [true, limit != 0, attempts.is_some(), hold.0 != 0, opens.0 != 0, closes.0 != 0]
}

impl Error {
    /// CREATE asks for a sale where one was created with other arguments.
    #[must_use]
    pub fn other_sale(created: (u64, Rules), asked: (u64, Rules)) -> Self {
        let values_asked = values(asked.0, &asked.1);
        let (created, given, given_asked) =
            (values(created.0, &created.1), given(&created.1), given(&asked.1));
        let mut differs = [false; COUNT];
        let pairs = created.iter().zip(values_asked).zip(given.iter().zip(given_asked));
        for (differs, ((here, asked), (given_here, given_asked))) in differs.iter_mut().zip(pairs) {
            // Attempts that neither gave follow from the limit, which differs then.
            *differs = *here != asked && (*given_here || given_asked);
        }
        Self::OtherSale { created, given, differs }
    }
}
