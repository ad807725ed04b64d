//! Readers of histories that fork: a reader that follows its cursor ends with the history of the server that it asks.

use std::array;

use fastrand::Rng;
use seckill_core::protocol::{Epoch, Error, Request, Rules, Seq, Term, UnixMs};
use seckill_core::{Moment, Role, Sale, Seed};

use super::cursor::Cursor;

const SERVERS: usize = 4;
const STEPS: usize = 400;

/// A server's copy of the sale, as the server itself has it.
struct Server {
    sale: Sale,
    epoch: u64,
}

/// The servers, each of which may decide, as if none heard of the others, and be given the history of another one.
struct World {
    random: Rng,
    servers: [Server; SERVERS],
    last_term: u64,
}

/// The identity of an event: what happened, and where.
type Stored = (u64, u64, String);

fn events(sale: &Sale, after: u64) -> Vec<Stored> {
    let entries = sale.events(Seq(after));
    entries.map(|entry| (entry.seq.0, entry.term.0, format!("{:?}", entry.event))).collect()
}

impl World {
    fn new(seed: u64) -> Self {
        let servers = array::from_fn(|_| Server { sale: Sale::new(Seed([0, 0])), epoch: 1 });
        let mut world = Self { random: Rng::with_seed(seed), servers, last_term: 100 };
        world.decide(0, &Request::Create { stock: 1_000_000, rules: Rules::default() });
        for server in 1..SERVERS {
            world.copy(0, server);
        }
        world
    }

    fn decide(&mut self, server: usize, request: &Request<'_>) {
        self.last_term += 1;
        let Server { sale, epoch } = &mut self.servers[server];
        let moment = Moment {
            now: UnixMs(1),
            epoch: Epoch(*epoch),
            term: Term(self.last_term),
            max_orders: 1,
            max_events: u64::MAX,
            lock_held: false,
        };
        let decision = sale.decide(request, &moment);
        assert!(decision.outcome.is_ok());
        sale.commit(&decision).unwrap();
    }

    /// Loses what `to` had, and perhaps some of the last events on the way.
    fn copy(&mut self, from: usize, to: usize) {
        let whole = &self.servers[from].sale;
        let last = whole.seq().0 - self.random.u64(0..whole.seq().0.min(6));
        let mut sale = Sale::new(Seed([0, 0]));
        let mut batch = Vec::new();
        while sale.seq().0 < last {
            batch.clear();
            // A size of 0 makes a batch of one event.
            whole.encode_batch(sale.seq(), 0, &mut batch).unwrap();
            sale.apply_batch(&batch, seckill_core::Origin::Trusted).unwrap();
        }
        self.servers[to].sale = sale;
    }

    fn step(&mut self) {
        let server = self.random.usize(..SERVERS);
        match self.random.u8(..10) {
            0 => {
                let other = self.random.usize(..SERVERS);
                if other != server {
                    self.copy(other, server);
                }
            }
            1 | 2 => self.servers[server].epoch += 1,
            _ => {
                let delta = self.random.i64(1..1_000_000);
                self.decide(server, &Request::Restock { delta, id: None });
            }
        }
    }
}

/// A reader with a cursor, and what it stored.
struct Reader {
    stored: Vec<Stored>,
    cursor: Cursor,
    /// The cursor has been with the reader from its first event on.
    is_whole: bool,
    /// How often it had to begin a new feed after the last event that was left.
    restarts: usize,
}

impl Reader {
    fn new() -> Self {
        Self { stored: vec![], cursor: Cursor::start(), is_whole: true, restarts: 0 }
    }

    /// Reads one page of at most `count` events. Returns whether the reader and the sale have the same history.
    fn read(&mut self, sale: &Sale, role: Role, count: usize) -> bool {
        let last = self.cursor.last();
        match sale.check_reader(Term(last.term), Seq(last.seq), role) {
            Ok(()) => {
                let is_shared = self.shared(sale) == self.stored.len();
                assert!(role == Role::Replica || is_shared, "a primary accepts its own history only");
                let page = events(sale, last.seq);
                for (seq, term, event) in page.into_iter().take(count) {
                    self.cursor.advance(seq, term);
                    self.stored.push((seq, term, event));
                }
            }
            Err(Error::Forked { seq: Seq(seq), term: Term(term) }) => {
                let shared = self.shared(sale);
                self.stored.retain(|stored| stored.0 <= seq && stored.1 <= term);
                if !self.cursor.take_back(seq, term) {
                    self.restarts += 1;
                    self.begin_after_last();
                }
                assert!(!self.is_whole || self.stored.len() >= shared, "shared events are left");
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(self.cursor.seq(), self.stored.len() as u64);
        self.stored == events(sale, 0)
    }

    /// How many of the first events the sale has, too.
    fn shared(&self, sale: &Sale) -> usize {
        let theirs = events(sale, 0);
        self.stored.iter().zip(theirs).take_while(|(one, other)| *one == other).count()
    }

    /// Forgets all terms but the last one.
    fn begin_after_last(&mut self) {
        self.is_whole = false;
        self.cursor = self.stored.last().map_or(Cursor::start(), |last| Cursor::after(last.0, last.1));
    }
}

/// Plays a world with a reader that asks any server, for as long as it likes. Returns how often it had to begin anew.
fn play(seed: u64, keeps_its_cursor: bool) -> usize {
    let mut world = World::new(seed);
    let mut reader = Reader::new();
    for _ in 0..STEPS {
        world.step();
        if !keeps_its_cursor && world.random.u8(..10) == 0 {
            reader.begin_after_last();
        }
        if world.random.bool() {
            reader.cursor = reader.cursor.to_string().parse().unwrap();
        }
        if world.random.bool() {
            let sale = &world.servers[world.random.usize(..SERVERS)].sale;
            let role = if world.random.bool() { Role::Primary } else { Role::Replica };
            reader.read(sale, role, world.random.usize(1..20));
        }
    }
    let last = &world.servers[0].sale;
    let calls = 10 + reader.stored.len() + last.seq().0 as usize;
    let ends_equal = (0..calls).any(|_| reader.read(last, Role::Primary, 10));
    assert!(ends_equal, "seed {seed}: not after {calls} calls");
    reader.restarts
}

#[test]
fn a_reader_that_keeps_its_cursor_ends_with_the_history_of_the_sale() {
    for seed in 0..300 {
        assert_eq!(play(seed, true), 0, "seed {seed}: it never has to begin anew");
    }
}

/// Such a reader has to begin anew now and then, and still ends equal.
#[test]
fn a_reader_that_stored_the_last_position_only_does_so_too() {
    let restarts: usize = (0..300).map(|seed| play(seed, false)).sum();
    assert!(restarts > 100, "{restarts}");
}
