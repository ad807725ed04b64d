//! Servers that answer reads and refuse writes: they must not swallow the stock of the sale.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use redis::RedisError;
use seckill_core::protocol::Code;

use super::super::even_out::even_out;
use super::super::mover::Answer;
use super::super::search::Search;
use super::super::servers::{Ending, Entry, Figures, Restocked, Servers};
use super::super::transfer::Transfer;
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Fine,
    /// `FULL`: seckill.max-orders restock ids, or seckill.max-events events. BUY goes on.
    Full,
    /// It executes, and its replicas do not acknowledge: what `durable` returns as an error.
    Unreplicated,
    /// It reads, and writes hang for so long as a client waits.
    Slow,
    /// It does not answer at all.
    Silent,
}

/// What happens between the readings of two shards.
type Incident = fn(&mut State);

struct State {
    available: Vec<u64>,
    seq: Vec<u64>,
    modes: Vec<Mode>,
    ids: HashMap<(usize, String), i64>,
    journal: Vec<Entry>,
    done: Vec<(Transfer, Ending)>,
    entries: u64,
    /// At this reading of the figures, counted from 1, something happens after shard 0 was read.
    happens_at: Option<(u32, Incident)>,
    readings: u32,
    /// How often a turn was asked for, and whether it is given.
    turns: u32,
    has_turns: bool,
}

#[derive(Clone)]
struct Broken(Arc<Mutex<State>>);

impl Broken {
    fn new(available: &[u64], modes: &[Mode]) -> Self {
        let state = State {
            available: available.to_vec(),
            seq: vec![1; available.len()],
            modes: modes.to_vec(),
            ids: HashMap::new(),
            journal: vec![],
            done: vec![],
            entries: 0,
            happens_at: None,
            readings: 0,
            turns: 0,
            has_turns: true,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn stock(&self) -> u64 {
        self.state().available.iter().sum()
    }
}

fn lost() -> Error {
    RedisError::from(io::Error::from(io::ErrorKind::TimedOut)).into()
}

impl Servers for Broken {
    type Turn = ();

    async fn turn(&self, _: Duration) -> Result<Option<()>> {
        let mut state = self.state();
        state.turns += 1;
        if state.has_turns { Ok(Some(())) } else { Err(lost()) }
    }

    async fn end_turn(&self, _: Option<()>) {}

    async fn ready(&self, shard: usize) -> Result<()> {
        if self.state().modes[shard] == Mode::Unreplicated { Err(lost()) } else { Ok(()) }
    }

    async fn figures(&self) -> Vec<Option<Figures>> {
        let mut state = self.state();
        state.readings += 1;
        let mut all = vec![];
        for shard in 0..state.available.len() {
            if shard == 1
                && let Some((reading, happens)) = state.happens_at
                && reading == state.readings
            {
                happens(&mut state);
            }
            let (available, seq) = (state.available[shard], state.seq[shard]);
            let answers = state.modes[shard] != Mode::Silent;
            all.push(answers.then_some(Figures { available, taken: 0, seq, term: 1 }));
        }
        all
    }

    async fn restock(&self, shard: usize, delta: i64, id: String) -> Result<Restocked> {
        let mode = self.state().modes[shard];
        if matches!(mode, Mode::Slow | Mode::Silent) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Err(lost());
        }
        let mut state = self.state();
        let known = state.ids.get(&(shard, id.clone())).copied();
        let restocked = match known {
            Some(known) if known == delta => Restocked::Applied(state.available[shard]),
            Some(_) => Restocked::Mismatch,
            None if mode == Mode::Full => {
                let message = "the sale has 5000000 restocking ids".to_owned();
                return Err(Error::Server { code: Code::Full, message });
            }
            None => match state.available[shard].checked_add_signed(delta) {
                None => Restocked::NoStock,
                Some(available) => {
                    state.available[shard] = available;
                    state.seq[shard] += 1;
                    state.ids.insert((shard, id), delta);
                    Restocked::Applied(available)
                }
            },
        };
        if mode == Mode::Unreplicated { Err(lost()) } else { Ok(restocked) }
    }

    async fn begin(&self, transfer: Transfer) -> Result<Entry> {
        let mut state = self.state();
        state.entries += 1;
        let entry = Entry { transfer, id: state.entries.to_string() };
        state.journal.push(entry.clone());
        Ok(entry)
    }

    async fn under_way(&self) -> Result<Vec<Entry>> {
        Ok(self.state().journal.iter().take(1_000).cloned().collect())
    }

    async fn end(&self, entry: &Entry, ending: Ending) -> Result<()> {
        let mut state = self.state();
        state.done.push((entry.transfer, ending));
        state.journal.retain(|other| other.id != entry.id);
        Ok(())
    }

    async fn done(&self) -> Result<Vec<(Transfer, Ending)>> {
        Ok(self.state().done.clone())
    }
}

async fn bring(search: &Search<Broken>, to: usize, units: u64) -> Result<Answer> {
    search.bring(to, units, tokio::time::Instant::now(), || true).await
}

/// Whoever may not take the lock of the movers moves units without it, at once.
#[tokio::test]
async fn a_turn_that_cannot_be_had_is_not_waited_for() {
    let servers = Broken::new(&[0, 100], &[Mode::Fine, Mode::Fine]);
    servers.state().has_turns = false;
    let answer = bring(&Search::new(servers.clone()), 0, 1).await;
    assert_eq!(answer.expect("an answer"), Answer::Brought(0));
    assert_eq!(servers.state().turns, 1);
    assert_eq!(servers.stock(), 100);
}

/// Buyers who gave up leave their searches in the queue.
#[tokio::test]
async fn a_search_that_nobody_wants_any_more_asks_no_server() {
    let servers = Broken::new(&[0, 100], &[Mode::Fine, Mode::Fine]);
    let search = Search::new(servers.clone());
    let answer = search.bring(0, 1, tokio::time::Instant::now(), || false).await;
    assert_eq!(answer.expect("an answer"), Answer::Unsure(0));
    let state = servers.state();
    assert_eq!((state.readings, state.entries), (0, 0));
}

/// A shard that can take no more restock ids (or is at `OOM`, `MISCONF`, `NOREPLICAS`, or has diverged) must not swallow
/// the stock of the sale.
#[tokio::test]
async fn a_balancer_does_not_pour_the_stock_into_a_shard_that_refuses_it() {
    let servers = Broken::new(&[100, 100, 100, 0], &[Mode::Fine, Mode::Fine, Mode::Fine, Mode::Full]);
    let search = Search::new(servers.clone());
    for round in 0..100 {
        let _ = search.balance(|shards| even_out(shards, &[], round % 4)).await;
    }
    let open = servers.state().journal.len();
    assert!(
        servers.stock() >= 200,
        "{} of 300 units are for sale, {open} transfers are open",
        servers.stock()
    );
}

/// One purchase of one unit, whose home can take no more restock ids.
#[tokio::test]
async fn one_purchase_does_not_pour_the_stock_into_a_shard_that_refuses_it() {
    let modes: Vec<_> = (0..16).map(|shard| if shard == 0 { Mode::Full } else { Mode::Fine }).collect();
    let stock: Vec<_> = (0..16).map(|shard| if shard == 0 { 0 } else { 100 }).collect();
    let servers = Broken::new(&stock, &modes);
    let search = Search::new(servers.clone());
    let answer = bring(&search, 0, 1).await;
    let open = servers.state().journal.len();
    assert!(servers.stock() >= 1_450, "{answer:?}: {} of 1500 are for sale, {open} open", servers.stock());
}

/// The documentation of `durable`: "While they have not, no units are moved."
#[tokio::test]
async fn a_durable_sale_whose_replica_is_gone_keeps_its_units_for_sale() {
    // The replica of shard 1 is gone. Its primary sells on.
    let servers = Broken::new(&[0, 100, 0], &[Mode::Fine, Mode::Unreplicated, Mode::Fine]);
    let search = Search::new(servers.clone());
    for _ in 0..8 {
        let _ = bring(&search, 0, 1).await;
    }
    let answer = bring(&search, 1, 1).await;
    let open = servers.state().journal.len();
    assert!(servers.stock() > 0, "{answer:?} with 100 units in {open} open transfers");
}

/// A round of a balancer takes no units from a shard for one whose replicas are away, nor from such a one.
#[tokio::test]
async fn a_durable_balancer_leaves_units_where_they_are_for_sale() {
    let servers = Broken::new(&[0, 100, 0], &[Mode::Fine, Mode::Unreplicated, Mode::Fine]);
    let search = Search::new(servers.clone());
    for round in 0..10 {
        let balanced = search.balance(|shards| even_out(shards, &[], round % 3)).await;
        assert!(balanced.is_err(), "who balances is told why nothing is moved");
    }
    assert_eq!((servers.stock(), servers.state().entries), (100, 0));
    let servers = Broken::new(&[100, 0], &[Mode::Fine, Mode::Unreplicated]);
    let _ = Search::new(servers.clone()).balance(|shards| even_out(shards, &[], 0)).await;
    assert_eq!(servers.stock(), 100);
    // What another one began is not carried out either.
    servers.begin(Transfer::new(0, 1, 50)).await.expect("it is begun");
    let _ = Search::new(servers.clone()).balance(|shards| even_out(shards, &[], 0)).await;
    assert_eq!(servers.stock(), 100);
}

/// A giver that does not answer keeps its own units, and no others.
#[tokio::test]
async fn a_transfer_from_a_shard_that_hangs_keeps_no_units_of_others() {
    let servers = Broken::new(&[0, 100, 100], &[Mode::Fine, Mode::Slow, Mode::Fine]);
    servers.begin(Transfer::new(1, 0, 50)).await.expect("it is begun");
    let search = Search::new(servers.clone());
    assert_eq!(bring(&search, 0, 1).await.expect("an answer"), Answer::Brought(0));
    assert_eq!(servers.state().available, [50, 100, 50]);
    // So does one that hung: the next search begins with the others.
    let servers = Broken::new(&[0, 100, 90], &[Mode::Fine, Mode::Slow, Mode::Fine]);
    let search = Search::new(servers.clone());
    assert_eq!(bring(&search, 0, 1).await.expect("an answer"), Answer::Unsure(0));
    assert_eq!(bring(&search, 0, 1).await.expect("an answer"), Answer::Brought(0));
    assert_eq!(servers.state().available, [45, 100, 45]);
}

/// A home that does not answer any more when its units are searched gets none.
#[tokio::test]
async fn no_units_are_moved_to_a_shard_that_is_silent() {
    let servers = Broken::new(&[0, 100], &[Mode::Silent, Mode::Fine]);
    let answer = bring(&Search::new(servers.clone()), 0, 1).await.expect("an answer");
    assert!(matches!(answer, Answer::Unsure(_)), "{answer:?}");
    assert_eq!(servers.state().available, [0, 100]);
}

/// All shards of a node hang together.
#[tokio::test]
async fn a_round_of_a_balancer_waits_for_one_shard_that_hangs() {
    let modes = [[Mode::Fine; 8], [Mode::Slow; 8]].concat();
    let stock: Vec<_> = (0..16).map(|shard| if shard < 8 { 100 } else { 0 }).collect();
    let servers = Broken::new(&stock, &modes);
    let balanced = Search::new(servers.clone()).balance(|shards| even_out(shards, &[], 0)).await;
    assert_eq!(balanced.expect("the journal can be written").0.open.len(), 1);
    assert!(servers.stock() >= 750, "{} of 800 units are for sale", servers.stock());
}

/// An order is refused for good although the sale has units: those of open transfers.
#[tokio::test]
async fn nobody_is_told_sold_out_while_transfers_cannot_be_finished() {
    let servers = Broken::new(&[0, 9, 0], &[Mode::Fine, Mode::Fine, Mode::Full]);
    let search = Search::new(servers.clone());
    let transfer = Transfer::new(1, 2, 9);
    servers.begin(transfer).await.unwrap();
    servers.restock(1, -9, transfer.to_string()).await.unwrap();
    let answer = bring(&search, 0, 1).await;
    assert!(!matches!(answer, Ok(Answer::Only(_))), "{answer:?} while 9 units are in the journal");
}

/// A server that reads and does not write: each open transfer costs who is refused the whole time of a call.
#[tokio::test]
async fn open_transfers_do_not_keep_the_refused_waiting_for_minutes() {
    let servers = Broken::new(&[0, 5, 9], &[Mode::Fine, Mode::Fine, Mode::Slow]);
    let search = Search::new(servers.clone());
    for _ in 0..100 {
        servers.begin(Transfer::new(2, 0, 1)).await.unwrap();
    }
    let begun = tokio::time::Instant::now();
    let answer = bring(&search, 0, 1).await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{answer:?} took {:?}, if a call takes 50 ms at most; it takes 5 s",
        begun.elapsed()
    );
}

/// The shards are not read at one instant. An order is cancelled at home of shard 0, and then another buyer takes the unit of
/// shard 1: there is a unit at each instant, and nobody moves any.
#[tokio::test]
async fn nobody_is_told_sold_out_by_figures_of_different_instants() {
    let servers = Broken::new(&[0, 1, 0], &[Mode::Fine; 3]);
    servers.state().happens_at = Some((2, |state| {
        state.available[0] += 1;
        state.seq[0] += 1;
        state.available[1] -= 1;
        state.seq[1] += 1;
    }));
    let search = Search::new(servers.clone());
    let answer = bring(&search, 2, 1).await;
    assert!(!matches!(answer, Ok(Answer::Only(_))), "{answer:?} while shard 0 has a unit");
}
