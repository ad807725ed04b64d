//! Which sale has holds that fall due, and when.
//!
//! The schedule is a list of notes: at this instant look at that key. A sale has one note at most, and takes it
//! along when it goes. But keys are renamed and swapped without a word, so a note is only a hint: acting on one
//! begins with opening the key. Notes are kept on replicas, too: a promoted one goes on with what it has.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::change;
use crate::redis::{Context, Key, Owned, Stored, Str, Timer, cpu_time};
use crate::state::{self, Now};

/// The place of a note in the schedule: when it is due (unix ms), and a number that no other note has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    due: u64,
    number: u64,
}

/// A sale's claim to its note. The note goes with it, whatever becomes of the sale; where the server frees that, it
/// may be on another thread.
#[derive(Debug)]
pub(crate) struct Ticket(Place);

impl Drop for Ticket {
    fn drop(&mut self) {
        notes().list.remove(&self.0);
    }
}

/// Look at this key of this database.
#[derive(Debug)]
struct Note {
    db: i32,
    key: Box<[u8]>,
}

#[derive(Debug)]
struct Notes {
    list: BTreeMap<Place, Note>,
    /// How many were ever taken.
    taken: u64,
}

/// What a note takes, in bytes: its share of a node of the tree, and a short key.
pub(crate) const NOTE_MEMORY: usize = 96;

/// Locked for moments only, and by whoever frees a sale, too, which may be another thread than the server's.
static NOTES: Mutex<Notes> = Mutex::new(Notes { list: BTreeMap::new(), taken: 0 });
static TIMER: Timer = Timer::new(look);

/// Holds that are let run out in one step; between two steps the time spent is looked at.
const STEP: usize = 64;
/// The work of one go of the timer ends after this long, for everybody else waits meanwhile.
const SPELL: Duration = Duration::from_micros(500);
/// How long to wait, in ms, when nothing may be written just now.
const PAUSE: u64 = 20;
/// How long to wait, in ms, for a slot that is not this server's. There may be many sales in it.
const AWAY: u64 = 100;
/// A note this much overdue, in ms, is lost.
const LOST: u64 = 1_000;

fn notes() -> MutexGuard<'static, Notes> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes when a sale's next hold falls due, unless there is a note that is not later. A note that nobody acted
/// on was lost with the name that the sale had. A sale that diverged lets nothing run out.
pub(crate) fn note(db: i32, key: &[u8], stored: &mut Stored) {
    let Some(due) = stored.sale.next_deadline().filter(|_| !stored.sale.diverged()) else { return };
    let stands = |ticket: &Ticket| ticket.0.due <= due && ticket.0.due + LOST >= Now::read().ms();
    if !stored.noted.as_ref().is_some_and(stands) {
        stored.noted = Some(take(due, Note { db, key: key.into() }));
    }
}

/// Takes a note.
fn take(due: u64, note: Note) -> Ticket {
    let mut notes = notes();
    notes.taken += 1;
    let place = Place { due, number: notes.taken };
    notes.list.insert(place, note);
    Ticket(place)
}

/// Notes it, and sees to it that somebody looks.
pub(crate) fn note_and_arm(context: &Context, key: Str<'_>, stored: &mut Stored) {
    let place = |stored: &Stored| stored.noted.as_ref().map(|ticket| ticket.0);
    let before = place(stored);
    note(context.db(), key.bytes(), stored);
    if place(stored) != before {
        arm(context);
    }
}

/// A key came to be here under this name, with a value that may be a sale.
pub(crate) fn arrived(context: &Context, key: Str<'_>) {
    if let Some(stored) = Key::write(context, key).stored_mut() {
        stored.noted = None;
        note_and_arm(context, key, stored);
    }
}

/// How many sales have a note.
pub(crate) fn len() -> u64 {
    u64::try_from(notes().list.len()).unwrap_or(u64::MAX)
}

/// Two databases changed places.
pub(crate) fn swap(first: i32, second: i32) {
    for note in notes().list.values_mut() {
        note.db = match note.db {
            db if db == first => second,
            db if db == second => first,
            db => db,
        };
    }
}

/// Sets the timer for the first note. Only a primary acts on notes.
pub(crate) fn arm(context: &Context) {
    if !context.flags().is_primary() {
        return;
    }
    let first = notes().list.first_key_value().map(|(place, _)| place.due);
    if let Some(due) = first {
        TIMER.set(context, Now::read().ms(), due);
    }
}

/// What the timer calls: works on notes that are due, for one spell.
fn look(context: &Context) {
    if !context.flags().is_primary() {
        return;
    }
    let now = Now::read();
    if context.writes_are_paused() {
        TIMER.set(context, now.ms(), now.ms().saturating_add(PAUSE));
        return;
    }
    let (begin, before) = (Instant::now(), cpu_time());
    while begin.elapsed() < SPELL
        && let Some(note) = take_due(now)
    {
        sweep(context, note, now, begin);
    }
    state::record(&state::LONGEST_SWEEP_US, cpu_time().saturating_sub(before).as_micros());
    arm(context);
}

fn take_due(now: Now) -> Option<Note> {
    let mut notes = notes();
    let first = notes.list.first_entry().filter(|first| first.key().due <= now.ms())?;
    Some(first.remove())
}

/// Lets the holds of one sale run out that are due, until the spell is over.
fn sweep(context: &Context, note: Note, now: Now, begin: Instant) {
    let Some(name) = Owned::new(&note.key).filter(|_| context.select_db(note.db)) else { return };
    let name = name.borrow();
    if !context.owns(name) {
        // It is not opened for writing, which would delete a key that has expired.
        if let Some(stored) = Key::read(context, name).stored_mut() {
            stored.noted = Some(take(now.ms().saturating_add(AWAY), note));
        }
        return;
    }
    if let Some(stored) = Key::write(context, name).stored_mut() {
        stored.noted = None;
    }
    // Each step opens the key anew: whoever listens to the events of the step before may have deleted it.
    loop {
        let key = Key::write(context, name);
        let Some(stored) = key.stored() else { return };
        let decision = stored.sale.sweep(&change::moment(now, false), STEP);
        let committed = change::commit(context, name, key, &decision, None);
        if decision.expired() < STEP || committed.is_err() || begin.elapsed() >= SPELL {
            return;
        }
    }
}
