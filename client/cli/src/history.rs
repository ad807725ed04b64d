//! All events of a sale, from the first on.

use seckill_client::{After, Event, Info, Sale};

use crate::exit::Failure;
use crate::progress;
use crate::servers::Connector;

/// Events in one reply: few enough that the server is not busy for long.
const PAGE: u64 = 1000;

/// Reads all events that the sale has when this begins, in their sequence: the figures that they lead to. A bar shows how far it
/// is.
pub(crate) async fn read(sale: &Sale<Connector>, mut each: impl FnMut(Event)) -> Result<Info, Failure> {
    let info = sale.info().await?;
    let bar = progress::events(info.seq)?;
    let (mut seq, mut term) = (0, None);
    while seq < info.seq {
        let after = After::seq(seq).count(PAGE);
        let page = sale.events(term.map_or(after, |term| after.term(term))).await?;
        let Some(last) = page.last() else {
            return Err(Failure::Server(format!(
                "the sale has no event after {seq}, although its last is {}",
                info.seq
            )));
        };
        (seq, term) = (last.seq, Some(last.term));
        bar.set_position(seq.min(info.seq));
        page.into_iter().filter(|event| event.seq <= info.seq).for_each(&mut each);
    }
    bar.finish_and_clear();
    Ok(info)
}
