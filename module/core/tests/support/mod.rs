//! A sale, its copy that follows, and a small language in which tests talk to them.

#![allow(dead_code, reason = "each test program uses its own part of this")]

pub(crate) mod told;

use seckill_core::command::{Command, Guard, Query, Request};
use seckill_core::decide::{Decision, Moment};
use seckill_core::snapshot::Loading;
use seckill_core::{Sale, Seed};

/// The token that holds every lock; any other holds none.
const HOLDER: &[u8] = b"mine";

/// What a sale answered, and the events that it caused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) reply: String,
    pub(crate) events: String,
}

/// A primary's sale and a replica's.
pub(crate) struct Shop {
    pub(crate) sale: Sale,
    pub(crate) copy: Sale,
    pub(crate) tenure: u64,
    /// The term that the next decider would begin.
    pub(crate) term: u64,
    pub(crate) max_orders: u32,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self { sale: blank(), copy: blank(), tenure: 1, term: 100, max_orders: 1_000 }
    }

    /// Says a line at a time: a command without the prefix and the key, or one of
    ///
    /// - `sweep N`: let at most N due holds run out
    /// - `takeover T`: from now on another server decides; its term would be T
    /// - `restart T`: likewise, with the sale as it comes back from a snapshot
    /// - `replica T`: likewise, with the copy that followed
    /// - `copy T`: the same server goes on with [`Sale::copy`]; the next term would be T
    pub(crate) fn say(&mut self, now: u64, line: &str) -> Answer {
        let words: Vec<&str> = line.split(' ').collect();
        let number = || words[1].parse().unwrap();
        match words[0] {
            "sweep" => {
                let decision = self.sale.sweep(&self.moment(now), usize::try_from(number()).unwrap());
                self.commit(&decision)
            }
            "takeover" => self.begin_term(number()),
            "restart" => {
                self.sale = reload(&self.sale);
                self.begin_term(number())
            }
            "replica" => {
                core::mem::swap(&mut self.sale, &mut self.copy);
                self.begin_term(number())
            }
            "copy" => {
                self.sale = self.sale.copy();
                self.tenure -= 1;
                self.begin_term(number())
            }
            command => {
                let name = format!("SECKILL.{command}");
                let mut args = vec![name.as_bytes(), b"sale"];
                args.extend(words[1..].iter().map(|word| word.as_bytes()));
                match Command::parse(&args) {
                    Ok(Command::Decide { request, .. }) => self.decide(now, &request),
                    Ok(Command::Read { query, .. }) => silent(self.read(now, &query)),
                    Ok(_) => panic!("no command of a sale: {line}"),
                    Err(error) => silent(error.to_string()),
                }
            }
        }
    }

    pub(crate) fn decide(&mut self, now: u64, request: &Request<'_>) -> Answer {
        let lock_held = matches!(request, Request::Buy(buy)
            if buy.guard.is_some_and(|Guard { token, .. }| token == HOLDER));
        let decision = self.sale.decide(request, &Moment { lock_held, ..self.moment(now) });
        self.commit(&decision)
    }

    fn moment(&self, now: u64) -> Moment {
        let Self { tenure, term, max_orders, .. } = *self;
        Moment { now, tenure, term, max_orders, lock_held: false }
    }

    /// Commits to the sale, passes the batch on to the copy, and tells both apart if it can.
    fn commit(&mut self, decision: &Decision<'_>) -> Answer {
        let before = self.sale.seq();
        let kept = decision.is_idle().then(|| bytes_of(&self.sale));
        self.sale.commit(decision).unwrap();
        match kept {
            Some(kept) => assert_eq!(bytes_of(&self.sale), kept, "an idle decision changes nothing"),
            None => {
                let (mut batch, mut told) = (Vec::new(), Vec::new());
                decision.batch(&mut batch);
                assert_eq!(self.sale.batch(before, usize::MAX, &mut told), Some(self.sale.seq()));
                assert_eq!(batch, told, "a decision tells what it causes");
                self.copy.follow(&batch).unwrap();
            }
        }
        let events: Vec<String> = self.sale.events(before).map(|e| told::event(&self.sale, &e)).collect();
        let caused = decision.expired() + usize::from(decision.changes());
        assert_eq!(events.len(), caused, "a decision tells how much it causes");
        Answer { reply: told::outcome(&decision.outcome), events: events.join("; ") }
    }

    fn begin_term(&mut self, term: u64) -> Answer {
        self.tenure += 1;
        self.term = term;
        silent("OK".into())
    }

    fn read(&self, now: u64, query: &Query<'_>) -> String {
        let sale = &self.sale;
        match *query {
            Query::Order { order } => told::order(sale, order, now),
            Query::Buyer { buyer } => told::buyer(sale, buyer),
            Query::Events { after, term, count, .. } => {
                match term.map_or(Ok(()), |term| sale.check_reader(term, after)) {
                    Ok(()) => told::events(sale, after, usize::try_from(count).unwrap()),
                    Err(error) => error.to_string(),
                }
            }
            Query::Info => told::info(sale, now),
            Query::Audit => sale.audit().map_or_else(|what| format!("CORRUPT {what}"), |()| "OK".into()),
        }
    }

    /// Everything that can be said of the sale and its copy must be the same, and true.
    pub(crate) fn check(&self, now: u64) {
        assert_eq!(self.sale.audit(), Ok(()));
        assert_eq!(self.copy.audit(), Ok(()));
        assert!(bytes_of(&self.sale) == bytes_of(&self.copy), "one snapshot");
        assert_eq!(told::everything(&self.sale, now), told::everything(&self.copy, now));
        assert_eq!(self.sale.next_deadline(), self.copy.next_deadline());
    }
}

fn silent(reply: String) -> Answer {
    Answer { reply, events: String::new() }
}

/// Each blank sale has another seed, so that nothing may depend on it.
pub(crate) fn blank() -> Sale {
    use core::sync::atomic::{AtomicU64, Ordering};
    static SEEDS: AtomicU64 = AtomicU64::new(0);
    Sale::new(Seed([SEEDS.fetch_add(1, Ordering::Relaxed), 7]))
}

/// A snapshot: the head and the parts.
pub(crate) fn snapshot(sale: &Sale) -> Vec<Vec<u8>> {
    let mut all = vec![sale.snapshot_head()];
    let (mut after, mut part) = (0, Vec::new());
    while let Some(last) = sale.snapshot_part(after, &mut part) {
        all.push(part.clone());
        after = last;
    }
    all
}

pub(crate) fn bytes_of(sale: &Sale) -> Vec<u8> {
    snapshot(sale).concat()
}

/// The sale as it comes back from its snapshot.
pub(crate) fn reload(sale: &Sale) -> Sale {
    let parts = snapshot(sale);
    let mut loading = Loading::new(&parts[0], Seed([8, 9])).unwrap();
    for part in &parts[1..] {
        assert!(loading.wants_more());
        loading.part(part).unwrap();
    }
    assert!(!loading.wants_more());
    loading.finish().unwrap()
}

/// Tells a story, line by line: at what time, which command, the reply, the events. Of an error its first
/// words are enough.
pub(crate) fn story(lines: &[(u64, &str, &str, &str)]) -> Shop {
    go_on(Shop::new(), lines)
}

/// Goes on with a story.
pub(crate) fn go_on(mut shop: Shop, lines: &[(u64, &str, &str, &str)]) -> Shop {
    for (now, line, reply, events) in lines {
        let answer = shop.say(*now, line);
        let begins = answer.reply.strip_prefix(reply);
        let fits = begins.is_some_and(|rest| rest.is_empty() || (rest.starts_with(' ') && is_error(reply)));
        assert!(fits, "{now} {line}: {reply} was expected, not {}", answer.reply);
        assert_eq!(answer.events, *events, "{now} {line}");
        shop.check(*now);
    }
    shop
}

fn is_error(reply: &str) -> bool {
    use seckill_core::wire::Code;
    Code::ALL.iter().any(|code| reply.split(' ').next() == Some(code.as_str()))
}
