//! Readers of histories that fork: a reader that follows its cursor ends with the history of the server that it asks.

use std::array;

use fastrand::Rng;

use super::cursor::Cursor;

const SERVERS: usize = 4;
const STEPS: usize = 400;

/// An event, with a number that no other has.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Event {
    seq: u64,
    term: u64,
    number: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Primary,
    Replica,
}

/// A server's copy of the sale.
struct Server {
    history: Vec<Event>,
    /// The term in which it decides, once it has begun one.
    term: Option<u64>,
}

impl Server {
    /// What the server replies to a reader by the contract of EVENTS: `FORKED` with these numbers, or events.
    fn fork(&self, seq: u64, term: u64, role: Role) -> Option<(u64, u64)> {
        let term_at = |seq: u64| seq.checked_sub(1).map_or(0, |index| self.history[index as usize].term);
        let last = self.history.len() as u64;
        let may_lag = role == Role::Replica && seq > last && term >= term_at(last);
        if seq == 0 || may_lag || (seq <= last && term_at(seq) == term) {
            return None;
        }
        let end = self.history.partition_point(|event| event.term <= term) as u64;
        let shared = end.min(seq - 1);
        Some((shared, term_at(shared)))
    }
}

/// The servers, each of which may decide, as if none heard of the others, and be given the history of another one.
struct World {
    random: Rng,
    servers: [Server; SERVERS],
    last_number: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let servers = array::from_fn(|_| Server { history: vec![], term: None });
        let mut world = Self { random: Rng::with_seed(seed), servers, last_number: 0 };
        world.decide(0);
        for server in 1..SERVERS {
            world.copy(0, server);
        }
        world
    }

    fn decide(&mut self, server: usize) {
        self.last_number += 1;
        let number = self.last_number;
        let Server { history, term } = &mut self.servers[server];
        let term = *term.get_or_insert(number);
        history.push(Event { seq: history.len() as u64 + 1, term, number });
    }

    /// Loses what `to` had, and perhaps some of the last events on the way.
    fn copy(&mut self, from: usize, to: usize) {
        let whole = &self.servers[from].history;
        let last = whole.len() - self.random.usize(..whole.len().min(6));
        self.servers[to] = Server { history: whole[..last].to_vec(), term: None };
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
            1 | 2 => self.servers[server].term = None,
            _ => self.decide(server),
        }
    }
}

/// A reader with a cursor, and what it stored.
struct Reader {
    stored: Vec<Event>,
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

    /// Reads one page of at most `count` events. Returns whether the reader and the server have the same history.
    fn read(&mut self, server: &Server, role: Role, count: usize) -> bool {
        let (last, shared) = (self.cursor.last(), self.shared(server));
        match server.fork(last.seq, last.term, role) {
            None => {
                let is_shared = shared == self.stored.len();
                assert!(role == Role::Replica || is_shared, "a primary accepts its own history only");
                for event in server.history.iter().skip(self.stored.len()).take(count) {
                    self.cursor.advance(event.seq, event.term);
                    self.stored.push(*event);
                }
            }
            Some((seq, term)) => {
                self.stored.retain(|event| event.seq <= seq && event.term <= term);
                if !self.cursor.take_back(seq, term) {
                    self.restarts += 1;
                    self.begin_after_last();
                }
                assert!(!self.is_whole || self.stored.len() >= shared, "shared events are left");
            }
        }
        assert_eq!(self.cursor.seq(), self.stored.len() as u64);
        self.stored == server.history
    }

    /// How many of the first events the server has, too.
    fn shared(&self, server: &Server) -> usize {
        self.stored.iter().zip(&server.history).take_while(|(one, other)| one == other).count()
    }

    /// Forgets all terms but the last one.
    fn begin_after_last(&mut self) {
        self.is_whole = false;
        self.cursor = self.stored.last().map_or(Cursor::start(), |last| Cursor::after(last.seq, last.term));
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
            let role = if world.random.bool() { Role::Primary } else { Role::Replica };
            let count = world.random.usize(1..20);
            reader.read(&world.servers[world.random.usize(..SERVERS)], role, count);
        }
    }
    let last = &world.servers[0];
    let calls = 10 + reader.stored.len() + last.history.len();
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
