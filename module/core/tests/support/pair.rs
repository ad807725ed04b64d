//! The copies of a sale on a primary and on a replica. Tests send them commands as lines of text.

use seckill_core::protocol::{
    Alteration, Code, Command, Epoch, FIRST_INSTANT, Query, Request, Rules, Term, UnixMs,
};
use seckill_core::{Decision, Moment, Origin, Role, Sale};

use super::render;
use super::snapshot::{reload, save};
use super::values::blank;

/// The token that holds every lock. No other token holds any.
const HOLDER: &[u8] = b"mine";

/// The reply to a command, and the events that it caused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) reply: String,
    pub(crate) events: String,
}

impl Response {
    fn without_events(reply: String) -> Self {
        Self { reply, events: String::new() }
    }
}

/// A line of a scenario: the time in ms, a command, its reply and its events. The first words of an error are
/// enough.
type Line<'a> = (u64, &'a str, &'a str, &'a str);

/// Runs a scenario on a blank sale.
pub(crate) fn scenario(lines: &[Line<'_>]) -> Pair {
    Pair::new().then(lines)
}

/// A sale that decides, and a copy that applies its batches.
pub(crate) struct Pair {
    pub(crate) primary: Sale,
    pub(crate) replica: Sale,
    epoch: Epoch,
    /// The term that begins with the next epoch.
    term: Term,
    pub(crate) max_orders: u32,
    pub(crate) max_events: u64,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::of(blank(), blank())
    }

    /// A pair whose sale may have at most `max_orders` orders.
    pub(crate) fn with_max_orders(max_orders: u32) -> Self {
        Self { max_orders, ..Self::new() }
    }

    /// Two copies that have the same history.
    pub(crate) fn of(primary: Sale, replica: Sale) -> Self {
        Self { primary, replica, epoch: Epoch(1), term: Term(100), max_orders: 1_000, max_events: 100_000 }
    }

    /// Runs the lines of a scenario, and checks both copies after each.
    pub(crate) fn then(mut self, lines: &[Line<'_>]) -> Self {
        for (now, line, reply, events) in lines {
            let response = self.run(*now, line);
            let rest = response.reply.strip_prefix(reply);
            let is_expected =
                rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with(' ') && is_error(reply)));
            assert!(is_expected, "{now} {line}: {reply} was expected, not {}", response.reply);
            assert_eq!(response.events, *events, "{now} {line}");
            self.check(*now);
        }
        self
    }

    /// Runs a line: a command without the prefix and the key, or one of
    ///
    /// - `expire N`: expires at most N holds that are due
    /// - `promote T`: begins an epoch and term T, like the promotion of a replica
    /// - `restart T`: loads the primary from its snapshot, and begins an epoch and term T
    /// - `failover T`: swaps the primary and the replica, and begins an epoch and term T
    /// - `copy T`: replaces the primary by its [`Sale::copy`], and begins term T in the same epoch
    pub(crate) fn run(&mut self, now: u64, line: &str) -> Response {
        let words: Vec<&str> = line.split(' ').collect();
        let number = || words[1].parse().unwrap();
        match words[0] {
            "expire" => self.expire(now, usize::try_from(number()).unwrap()),
            "promote" => self.begin_epoch(number()),
            "restart" => {
                self.primary = reload(&self.primary);
                self.begin_epoch(number())
            }
            "failover" => {
                core::mem::swap(&mut self.primary, &mut self.replica);
                self.begin_epoch(number())
            }
            "copy" => {
                self.primary = self.primary.copy();
                self.term = Term(number());
                Response::without_events("OK".into())
            }
            command => {
                let name = format!("SECKILL.{command}");
                let mut args = vec![name.as_bytes(), b"sale"];
                let shifted = shift_instants(&words[1..]);
                args.extend(shifted.iter().map(String::as_bytes));
                match Command::parse(&args) {
                    Ok(Command::Decide { request, .. }) => self.decide(now, &shift_back(request)),
                    Ok(Command::Read { query, .. }) => {
                        Response::without_events(self.read(UnixMs(now), &query))
                    }
                    Ok(_) => panic!("not a command of a sale: {line}"),
                    Err(error) => Response::without_events(error.to_string()),
                }
            }
        }
    }

    pub(crate) fn decide(&mut self, now: u64, request: &Request<'_>) -> Response {
        let lock_held = matches!(request, Request::Buy(buy)
            if buy.guard.is_some_and(|guard| guard.token.bytes() == HOLDER));
        let decision = self.primary.decide(request, &Moment { lock_held, ..self.moment(now) });
        self.commit(&decision)
    }

    pub(crate) fn expire(&mut self, now: u64, most: usize) -> Response {
        let decision = self.primary.decide_expiry(&self.moment(now), most);
        self.commit(&decision)
    }

    pub(crate) fn moment(&self, now: u64) -> Moment {
        let Self { epoch, term, max_orders, max_events, .. } = *self;
        Moment { now: UnixMs(now), epoch, term, max_orders, max_events, lock_held: false }
    }

    /// Commits a decision of the primary, and applies its batch to the replica.
    pub(crate) fn commit(&mut self, decision: &Decision<'_>) -> Response {
        let before = self.primary.seq();
        let snapshot = decision.is_idle().then(|| save(&self.primary));
        self.primary.commit(decision).unwrap();
        let (mut decided, mut committed) = (Vec::new(), Vec::new());
        decision.encode_batch(&mut decided);
        let last = self.primary.encode_batch(before, usize::MAX, &mut committed);
        assert_eq!(decided, committed, "a decision and the sale encode the same batch");
        match snapshot {
            Some(snapshot) => {
                assert_eq!((last, decided.len()), (None, 0), "an idle decision has no batch");
                assert_eq!(save(&self.primary), snapshot, "an idle decision changes nothing");
            }
            None => {
                assert_eq!(last, Some(self.primary.seq()), "a decision is one batch");
                self.replica.apply_batch(&decided, Origin::Trusted).unwrap();
            }
        }
        let events: Vec<String> =
            self.primary.events(before).map(|entry| render::event(&self.primary, &entry.event)).collect();
        assert_eq!(events.len(), decision.expired() + usize::from(decision.has_event()));
        Response { reply: render::outcome(&decision.outcome), events: events.join("; ") }
    }

    fn begin_epoch(&mut self, term: u64) -> Response {
        self.epoch.0 += 1;
        self.term = Term(term);
        Response::without_events("OK".into())
    }

    fn read(&self, now: UnixMs, query: &Query<'_>) -> String {
        let sale = &self.primary;
        match *query {
            Query::Order { order } => render::order(sale, order, now),
            Query::Buyer { buyer } => render::buyer(sale, buyer),
            Query::Events { after, term, count, .. } => {
                match term.map_or(Ok(()), |term| sale.check_reader(term, after, Role::Primary)) {
                    Ok(()) => render::events(sale, after, usize::try_from(count).unwrap()),
                    Err(error) => error.to_string(),
                }
            }
            Query::Info => render::info(sale, now),
            Query::Audit { .. } => {
                sale.audit().map_or_else(|error| format!("CORRUPT {error}"), |()| "OK".into())
            }
        }
    }

    /// Both copies are sound, and nothing that can be read differs.
    pub(crate) fn check(&self, now: u64) {
        let (primary, replica, now) = (&self.primary, &self.replica, UnixMs(now));
        assert_eq!(primary.audit(), Ok(()));
        assert_eq!(replica.audit(), Ok(()));
        assert!(save(primary) == save(replica), "both copies have the same snapshot");
        assert_eq!(render::all_views(primary, now), render::all_views(replica, now));
        assert_eq!(primary.next_deadline(), replica.next_deadline());
    }
}

/// A scenario begins at the time 0, but the parser takes only instants of real clocks. So it gets later ones.
fn shift_instants(words: &[&str]) -> Vec<String> {
    let shifted = words.iter().enumerate().map(|(place, word)| match (place.checked_sub(1), word.parse()) {
        (Some(before), Ok(instant @ 1..FIRST_INSTANT)) if ["OPENS", "CLOSES"].contains(&words[before]) => {
            (FIRST_INSTANT + instant).to_string()
        }
        _ => (*word).to_owned(),
    });
    shifted.collect()
}

/// Undoes [`shift_instants`] in what was parsed. Instants of real clocks are later still.
fn shift_back(request: Request<'_>) -> Request<'_> {
    let back = |at: UnixMs| match at.0 {
        shifted if (FIRST_INSTANT..2 * FIRST_INSTANT).contains(&shifted) => UnixMs(shifted - FIRST_INSTANT),
        _ => at,
    };
    match request {
        Request::Create { stock, rules } => {
            let rules = Rules { opens: back(rules.opens), closes: back(rules.closes), ..rules };
            Request::Create { stock, rules }
        }
        Request::Alter(alteration) => {
            let Alteration { opens, closes, .. } = alteration;
            Request::Alter(Alteration { opens: opens.map(back), closes: closes.map(back), ..alteration })
        }
        other => other,
    }
}

fn is_error(reply: &str) -> bool {
    reply.split(' ').next().and_then(Code::from_word).is_some()
}
