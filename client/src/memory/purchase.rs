//! A purchase that is made only if it is not known to be refused.

use super::handle::Memory;
use crate::connect::Connect;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::purchase::Purchase;
use crate::receipt::Receipt;
use crate::words::Refusal;

impl<C: Connect> Memory<C> {
    /// Makes a purchase by `place`, unless it is a new one that is known to be refused.
    pub(crate) async fn place<H>(
        &self,
        purchase: Purchase<'_, H>,
        place: impl AsyncFnOnce(Purchase<'_, H>) -> Result<Receipt>,
    ) -> Result<Receipt> {
        if purchase.is_new()
            && let Some(why) = self.refuse(purchase.units())
        {
            return Ok(purchase.refused(why));
        }
        let receipt = place(purchase).await?;
        if let Outcome::Refused(why) = &receipt.outcome
            && is_for_all(why)
        {
            self.note_refusal(why, receipt.is_final);
        }
        Ok(receipt)
    }
}

/// Whether others who want as much are refused, too.
fn is_for_all(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Upcoming | Refusal::Closed | Refusal::SoldOut | Refusal::Short)
}
