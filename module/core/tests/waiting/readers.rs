//! Readers of sales: whoever has something to read is found, and nobody else is woken.

use proptest::prelude::*;
use seckill_core::protocol::{Seq, Term};
use seckill_core::waiting::{CallId, Reader, Readers};

const SALES: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// A reader asks for what comes after an event that is so many before the last one, or after it.
    Read {
        sale: usize,
        behind: i64,
    },
    Change(usize),
    /// A sale may have changed, and has not.
    Touch(usize),
    /// Every sale changed but one.
    ChangeAll {
        all_but: usize,
    },
    /// There is time to look at so many readers. Those that are woken read on at once, from an event that is so many
    /// before the last one.
    Look {
        most: usize,
        reads_on: Option<i64>,
    },
    TimeUp(usize),
    Disconnect(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let reads_on = prop::option::of(0..2_i64);
    prop_oneof![
        8 => (0..SALES, -2..3_i64).prop_map(|(sale, behind)| Step::Read { sale, behind }),
        4 => (0..SALES).prop_map(Step::Change),
        1 => (0..SALES).prop_map(Step::Touch),
        1 => (0..SALES).prop_map(|all_but| Step::ChangeAll { all_but }),
        6 => (1..20_usize, reads_on).prop_map(|(most, reads_on)| Step::Look { most, reads_on }),
        1 => (0..100_usize).prop_map(Step::TimeUp),
        1 => (0..100_usize).prop_map(Step::Disconnect),
    ]
}

/// A reader that waits.
#[derive(Debug)]
struct Waiting {
    call: CallId,
    sale: usize,
    reader: Reader,
    /// How many readers may be looked at until it is looked at, if there is something for it.
    patience: Option<usize>,
}

/// A plain list of those who wait, beside the one that is tested.
#[derive(Debug)]
struct Server {
    readers: Readers<usize>,
    waiting: Vec<Waiting>,
    last: [u64; SALES],
    calls: u64,
}

impl Server {
    fn new() -> Self {
        Self { readers: Readers::new(), waiting: vec![], last: [10; SALES], calls: 0 }
    }

    /// A reader waits if there is nothing for it yet, or no time to serve it.
    fn read(&mut self, sale: usize, behind: i64) {
        self.calls += 1;
        let call = CallId(self.calls);
        let after = Seq(self.last[sale].saturating_add_signed(-behind));
        let reader = Reader { after, term: Some(Term(self.calls)), count: 1 };
        self.readers.join(call, sale, reader);
        self.waiting.push(Waiting { call, sale, reader, patience: None });
        if behind > 0 {
            self.touch(sale);
        }
        self.note_news();
    }

    fn change(&mut self, sale: usize) {
        self.last[sale] += 1;
        self.touch(sale);
        self.note_news();
    }

    fn touch(&mut self, sale: usize) {
        let is_waited_for = self.waiting.iter().any(|waiting| waiting.sale == sale);
        let was_looking = self.readers.has_changed();
        let is_to_look = self.readers.changed(&sale);
        assert!(is_to_look || was_looking || !is_waited_for, "nobody looks");
        assert!(is_waited_for || !is_to_look, "there is nobody to look at");
    }

    fn change_all(&mut self, all_but: usize) {
        for (_, last) in self.last.iter_mut().enumerate().filter(|(sale, _)| *sale != all_but) {
            *last += 1;
        }
        self.readers.all_changed(|sale| *sale != all_but);
        self.note_news();
    }

    fn has_news(&self, waiting: &Waiting) -> bool {
        self.last[waiting.sale] > waiting.reader.after.0
    }

    /// Those for whom there is something since now are looked at after the readers before them, those that are being
    /// looked at included. Meanwhile the other sales have their turns.
    fn note_news(&mut self) {
        for sale in 0..SALES {
            let readers = self.waiting.iter().filter(|waiting| waiting.sale == sale).count();
            let last = self.last[sale];
            for waiting in self.waiting.iter_mut().filter(|waiting| waiting.sale == sale) {
                if last > waiting.reader.after.0 {
                    waiting.patience.get_or_insert(2 * SALES * readers);
                }
            }
        }
    }

    /// Looks at the next reader, which is woken if there is something for it. Whether there was a reader.
    fn look(&mut self, reads_on: Option<i64>) -> bool {
        let Some((call, sale, reader)) = self.readers.next_to_look_at() else { return false };
        let place = self.waiting.iter().position(|waiting| waiting.call == call).expect("it waits");
        assert_eq!((self.waiting[place].sale, self.waiting[place].reader), (sale, reader));
        if self.has_news(&self.waiting[place]) {
            self.waiting.remove(place);
            self.readers.wake(call);
            assert_eq!(self.readers.answer(call), Some((sale, reader)));
            if let Some(behind) = reads_on {
                self.read(sale, behind);
            }
        }
        for waiting in &mut self.waiting {
            if let Some(patience) = &mut waiting.patience {
                *patience =
                    patience.checked_sub(1).unwrap_or_else(|| panic!("others come first for ever: {call:?}"));
            }
        }
        true
    }

    /// One of those that wait is not one of them any more.
    fn leave(&mut self, index: usize) -> Option<Waiting> {
        let len = self.waiting.len();
        (len > 0).then(|| self.waiting.remove(index % len))
    }

    /// A reader waits no longer, and reads what there is.
    fn time_up(&mut self, index: usize) {
        if let Some(Waiting { call, sale, reader, .. }) = self.leave(index) {
            assert_eq!(self.readers.answer(call), Some((sale, reader)));
        }
    }

    fn disconnect(&mut self, index: usize) {
        if let Some(waiting) = self.leave(index) {
            self.readers.abandon(waiting.call);
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Read { sale, behind } => self.read(sale, behind),
            Step::Change(sale) => self.change(sale),
            Step::Touch(sale) => self.touch(sale),
            Step::ChangeAll { all_but } => self.change_all(all_but),
            Step::Look { most, reads_on } => {
                for _ in 0..most {
                    self.look(reads_on);
                }
            }
            Step::TimeUp(index) => self.time_up(index),
            Step::Disconnect(index) => self.disconnect(index),
        }
    }

    fn check(&self) {
        assert_eq!(self.readers.len(), self.waiting.len());
        assert_eq!(self.readers.is_empty(), self.waiting.is_empty());
        let has_news = self.waiting.iter().any(|waiting| self.has_news(waiting));
        assert!(!has_news || self.readers.has_changed(), "somebody is forgotten");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn are_found_when_there_is_something_for_them(steps in prop::collection::vec(step(), 0..80)) {
        let mut server = Server::new();
        for step in &steps {
            server.take(step);
            server.check();
        }
        // What nobody reported is found when all sales had their turn, one by one.
        server.last.iter_mut().for_each(|last| *last += 1);
        for _ in 0..SALES {
            server.readers.recheck(1);
        }
        // What is being looked at, and what changed again since.
        let most = 2 * server.waiting.len();
        let looks = (0..=most).take_while(|_| server.look(None)).count();
        prop_assert!(looks <= most, "it has no end");
        prop_assert!(!server.waiting.iter().any(|waiting| server.has_news(waiting)), "somebody is not found");
        prop_assert!(!server.readers.has_changed());
        while !server.waiting.is_empty() {
            server.disconnect(0);
        }
        server.check();
        prop_assert_eq!(server.readers.next_to_look_at(), None);
        prop_assert!(!server.readers.has_changed());
        server.readers.all_changed(|sale| panic!("the sale {sale} is left"));
    }
}

#[test]
fn a_reader_that_was_woken_may_be_gone_before_it_reads() {
    for is_gone in [false, true] {
        let mut readers = Readers::new();
        let reader = Reader { after: Seq(1), term: None, count: 9 };
        readers.join(CallId(1), 'a', reader);
        readers.changed(&'a');
        assert_eq!(readers.next_to_look_at(), Some((CallId(1), 'a', reader)));
        readers.wake(CallId(1));
        if is_gone {
            readers.abandon(CallId(1));
        }
        assert_eq!(readers.answer(CallId(1)), (!is_gone).then_some(('a', reader)));
        assert_eq!(readers.answer(CallId(1)), None, "it reads once");
    }
}
