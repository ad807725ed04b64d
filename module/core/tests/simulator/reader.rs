//! A consumer of EVENTS: it stores the next page, or takes back the events after the one that FORKED names.

use seckill_core::protocol::{Error, Seq, Term};

use seckill_core::Role;

use crate::checked_sale::CheckedSale;
use crate::oracle::{OwnedEntry, owned_events};

#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) stored: Vec<OwnedEntry>,
}

impl Reader {
    /// Reads once. Returns whether the reply was FORKED.
    pub(crate) fn read(&mut self, checked: &CheckedSale, role: Role, count: usize) -> bool {
        let (sale, oracle) = (&checked.sale, &checked.oracle);
        let (term, seq) = self.stored.last().map_or((Term(0), Seq(0)), |last| (last.term, last.seq));
        let reply = sale.check_reader(term, seq, role);
        let shared = oracle.shared(&self.stored);
        let is_ahead = seq > oracle.seq();
        if role == Role::Replica && is_ahead {
            // All that this copy was sent is what the reader stored, too: the copy lags.
            let lags = shared == oracle.history.len();
            assert!(reply.is_ok() || !lags, "{reply:?} from a replica that lags");
        } else {
            let is_shared = shared == self.stored.len();
            assert_eq!(reply.is_ok(), is_shared, "{reply:?}, but {shared} of {seq} are shared");
        }
        match reply {
            Ok(()) if is_ahead => {
                assert_eq!(owned_events(sale, seq).count(), 0);
                false
            }
            Ok(()) => {
                self.stored.extend(owned_events(sale, seq).take(count));
                let end = oracle.history.len().min(shared + count);
                assert!(self.stored == oracle.history[..end], "the page has the next events");
                false
            }
            Err(Error::Forked { seq: last, term }) => {
                assert!(last < seq, "no progress");
                self.stored.retain(|entry| entry.seq <= last && entry.term <= term);
                let left = self.stored.len();
                assert!(left >= shared, "{last} of {term} takes back some of the {shared} that are shared");
                true
            }
            Err(other) => panic!("a reader gets {other}"),
        }
    }
}
