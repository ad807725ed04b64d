//! Which sale has holds that fall due, and when.
//!
//! The schedule is a list of notes: at this instant look at that key. A note may be out of date, for keys are
//! renamed, swapped, flushed and freed without a word; so it is only a hint, and acting on one begins with
//! opening the key. Notes are kept on replicas, too: a promoted one goes on with what it has.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::change;
use crate::redis::{Context, Key, Owned, Stored, Str, Timer};
use crate::state::Now;

/// At this instant (unix ms), look at this key of this database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Note {
    due: u64,
    db: i32,
    key: Box<[u8]>,
}

static NOTES: Mutex<BTreeSet<Note>> = Mutex::new(BTreeSet::new());
static TIMER: Timer = Timer::new(look);

/// Holds that are let run out in one step; between two steps the time spent is looked at.
const STEP: usize = 64;
/// The work of one go of the timer ends after this long, for everybody else waits meanwhile.
const SPELL: Duration = Duration::from_micros(500);
/// How long to wait, in ms, when nothing may be written just now, or not by this server.
const PAUSE: u64 = 20;
/// A note this much overdue, in ms, is lost.
const LOST: u64 = 1_000;

fn notes() -> MutexGuard<'static, BTreeSet<Note>> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes when a sale's next hold falls due, unless there is a note that is not later. A note that nobody acted
/// on was lost with the name that the sale had. A sale that diverged lets nothing run out.
pub(crate) fn note(db: i32, key: &[u8], stored: &mut Stored) {
    if let Some(due) = stored.sale.next_deadline()
        && !stored.sale.diverged()
        && (stored.noted == 0 || due < stored.noted || stored.noted + LOST < Now::read().ms())
    {
        forget(db, key, stored);
        stored.noted = due;
        notes().insert(Note { due, db, key: key.into() });
    }
}

/// Takes back the note of a sale, if it was written under this name: a sale has one at most, so that notes do not
/// pile up where deadlines move.
fn forget(db: i32, key: &[u8], stored: &mut Stored) {
    let due = std::mem::take(&mut stored.noted);
    if due != 0 {
        notes().remove(&Note { due, db, key: key.into() });
    }
}

/// Notes it, and sees to it that somebody looks.
pub(crate) fn note_and_arm(context: &Context, key: Str<'_>, stored: &mut Stored) {
    let noted = stored.noted;
    note(context.db(), key.bytes(), stored);
    if stored.noted != noted {
        arm(context);
    }
}

/// A key came to be here under this name, with a value that may be a sale.
pub(crate) fn arrived(context: &Context, key: Str<'_>) {
    if let Some(stored) = Key::write(context, key).stored_mut() {
        stored.noted = 0;
        note_and_arm(context, key, stored);
    }
}

/// Two databases changed places.
pub(crate) fn swap(first: i32, second: i32) {
    let mut notes = notes();
    *notes = std::mem::take(&mut *notes)
        .into_iter()
        .map(|note| {
            let db = match note.db {
                db if db == first => second,
                db if db == second => first,
                db => db,
            };
            Note { db, ..note }
        })
        .collect();
}

/// Sets the timer for the first note. Only a primary acts on notes.
pub(crate) fn arm(context: &Context) {
    if !context.flags().is_primary() {
        return;
    }
    if let Some(first) = notes().first() {
        TIMER.set(context, Now::read().ms(), first.due);
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
    let begin = Instant::now();
    while begin.elapsed() < SPELL
        && let Some(note) = take_due(now)
    {
        sweep(context, &note, now, begin);
    }
    arm(context);
}

fn take_due(now: Now) -> Option<Note> {
    let mut notes = notes();
    if notes.first()?.due > now.ms() { None } else { notes.pop_first() }
}

/// Lets the holds of one sale run out that are due, until the spell is over.
fn sweep(context: &Context, note: &Note, now: Now, begin: Instant) {
    let Some(name) = Owned::new(&note.key).filter(|_| context.select_db(note.db)) else { return };
    let name = name.borrow();
    if !context.owns(name) {
        notes().insert(Note { due: now.ms().saturating_add(PAUSE), ..note.clone() });
        return;
    }
    if let Some(stored) = Key::write(context, name).stored_mut() {
        forget(note.db, &note.key, stored);
    }
    // Each step opens the key anew: whoever listens to the events of the step before may have deleted it.
    loop {
        let key = Key::write(context, name);
        let Some(stored) = key.stored() else { return };
        let decision = stored.sale.sweep(&change::moment(now, false), STEP);
        let committed = change::commit(context, name, key, &decision, None);
        if decision.is_idle() || committed.is_err() || begin.elapsed() >= SPELL {
            return;
        }
    }
}
