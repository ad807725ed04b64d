//! A consumer of EVENTS: reads a page, stores it, and takes back what it is told to.

use seckill_core::error::Error;

use crate::story::Fact;
use crate::twin::Twin;

#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) stored: Vec<Fact>,
}

impl Reader {
    /// Reads once; tells whether it was told to take back.
    pub(crate) fn read(&mut self, twin: &Twin, count: usize) -> bool {
        let facts = &twin.story.facts;
        let (term, seq) = self.stored.last().map_or((0, 0), |last| (last.term, last.seq));
        let answer = twin.sale.check_reader(term, seq);
        let shared = twin.story.shared(&self.stored);
        assert_eq!(
            answer.is_ok(),
            shared == self.stored.len(),
            "{answer:?}, but {shared} of {seq} are shared"
        );
        match answer {
            Ok(()) => {
                let page = twin.sale.events(seq).take(count).map(|entry| Fact::new(&twin.sale, &entry));
                self.stored.extend(page);
                let end = facts.len().min(shared + count);
                assert!(self.stored == facts[..end], "the page is not what follows");
                false
            }
            Err(Error::Forked { seq: last, term }) => {
                assert!(last < seq, "no headway");
                self.stored.retain(|fact| fact.seq <= last && fact.term <= term);
                let left = self.stored.len();
                assert!(left >= shared, "{last} of {term} takes back some of the {shared} that are shared");
                true
            }
            Err(other) => panic!("a reader is told {other}"),
        }
    }
}
