//! The arguments of BUY and BUYALL.

use super::error::Error;
use super::integer::integer_of;
use super::limits::MAX_QTY;
use super::name::{Name, Token};
use super::syntax::Unit;
use super::words::Keyword;

/// The lock that protects a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard<'a> {
    /// The key of the lock.
    pub key: &'a [u8],
    /// The token that must hold it.
    pub token: Token<'a>,
    /// Whether the purchase releases it.
    pub release: bool,
}

/// A purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buy<'a> {
    /// The buyer.
    pub buyer: Name<'a>,
    /// The id of the order, chosen by the caller.
    pub order: Name<'a>,
    /// Units.
    pub qty: u32,
    /// The lock that must be held.
    pub guard: Option<Guard<'a>>,
}

/// Purchases from several sales under one order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuyAll<'a> {
    /// The keys of the sales, each once: 1 to [`MAX_SALES`](super::MAX_SALES).
    pub sales: &'a [&'a [u8]],
    /// The buyer.
    pub buyer: Name<'a>,
    /// The id of the order in every sale.
    pub order: Name<'a>,
    /// The units from each sale.
    pub quantities: Quantities<'a>,
    /// The lock that must be held.
    pub guard: Option<Guard<'a>>,
}

impl<'a> BuyAll<'a> {
    /// The purchase from each sale, in their sequence.
    pub fn purchases(&self) -> impl Iterator<Item = Buy<'a>> {
        let Self { sales, buyer, order, quantities, guard } = *self;
        (0..sales.len()).map(move |index| Buy { buyer, order, qty: quantities.of(index), guard })
    }
}

/// The units from each of several sales: none given, which is one each; one number for all; or a number for
/// each. The numbers are kept as text, for a command borrows its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantities<'a>(&'a [&'a [u8]]);

impl<'a> Quantities<'a> {
    /// One unit from each sale.
    pub const ONE_EACH: Self = Self(&[]);

    /// The quantities of these texts, for this number of sales.
    pub fn new(texts: &'a [&'a [u8]], sales: usize) -> Result<Self, Error> {
        if texts.len() > 1 && texts.len() != sales {
            return Err(Error::QuantityCount { sales });
        }
        texts.iter().try_for_each(|text| quantity(text).map(|_| ()))?;
        Ok(Self(texts))
    }

    /// The texts.
    pub(super) fn texts(self) -> &'a [&'a [u8]] {
        self.0
    }

    fn of(self, index: usize) -> u32 {
        let text = if let [one] = self.0 { Some(one) } else { self.0.get(index) };
        text.and_then(|text| quantity(text).ok()).unwrap_or(1)
    }
}

fn quantity(text: &[u8]) -> Result<u32, Error> {
    let qty = integer_of(Keyword::Qty.as_str(), text, 1..=MAX_QTY, Unit::None)?;
    Ok(u32::try_from(qty).unwrap_or(u32::MAX))
}
