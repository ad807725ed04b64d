//! BUYALL: one order in several sales, in all of them or in none.

use seckill_core::protocol::{BuyAll, CommandName, Error, FREE};
use seckill_core::{Bundle, Part, Sale};

use super::call::{Call, Result};
use super::commit::{apply_decision, moment, notify};
use super::failure::Failure;
use super::locks;
use crate::redis::{Context, Key, KeyKind, Str};
use crate::stored::Stored;
use crate::{clocks, counters};

pub(super) fn buy_all(call: &Call<'_>, all: &BuyAll<'_>) -> Result {
    call.must_be_primary()?;
    // Opening a key that has expired emits `expired`, and a listener of another module may do anything to the
    // others. The time stands still during a call, so whatever has expired is gone before the first key is kept open.
    for sale in all.sales {
        drop(Key::write(call.context, call.string_of(sale)?));
    }
    let guard = all.guard.as_ref();
    let lock_held = guard.map_or(Ok(false), |guard| locks::is_held(call, guard))?;
    let mut keys = open(call, all)?;
    let bundle = decide(&keys, all, lock_held);
    for ((name, key), decision) in keys.iter_mut().zip(&bundle.decisions) {
        apply_decision(call.context, *name, key, decision)?;
    }
    // A listener may do anything to any of the keys, so all are closed before the first event.
    let names: Vec<Str<'_>> = keys.into_iter().map(|(name, _)| name).collect();
    for (name, decision) in names.into_iter().zip(&bundle.decisions) {
        notify(call.context, name, decision, Some(CommandName::Buy));
    }
    let parts = bundle.parts.map_err(|(place, error)| {
        counters::count_error(&error);
        Failure::InSale { place, of: all.sales.len(), error }
    })?;
    call.context.reply_array(parts.into_iter(), |part| reply(call.context, part));
    if let Some(guard) = guard.filter(|guard| lock_held && guard.release) {
        locks::release_after(call, guard);
    }
    Ok(())
}

/// Opens the key of every sale.
fn open<'c>(call: &Call<'c>, all: &BuyAll<'_>) -> Result<Vec<(Str<'c>, Key<'c>)>> {
    let mut keys = Vec::with_capacity(all.sales.len());
    for (place, sale) in all.sales.iter().enumerate() {
        let name = call.string_of(sale)?;
        let key = Key::write(call.context, name);
        match key.kind::<Stored>() {
            KeyKind::Value => keys.push((name, key)),
            KeyKind::Empty => {
                return Err(Failure::InSale { place, of: all.sales.len(), error: Error::NoSale });
            }
            KeyKind::String | KeyKind::Other => return Err(Failure::WrongType),
        }
    }
    Ok(keys)
}

/// Decides for all sales by one reading of the clock. Each sale that begins a term begins one of its own.
fn decide<'a>(keys: &[(Str<'_>, Key<'_>)], all: &BuyAll<'a>, lock_held: bool) -> Bundle<'a> {
    let now = clocks::now();
    let mut terms = clocks::terms();
    let next_term = |begun| {
        terms.observe(begun);
        terms.term(now, clocks::epoch().mark())
    };
    Bundle::decide(sales(keys).zip(all.purchases()), &moment(now, lock_held), next_term)
}

fn sales<'k>(keys: &'k [(Str<'_>, Key<'_>)]) -> impl Iterator<Item = &'k Sale> {
    keys.iter().filter_map(|(_, key)| Some(&key.value::<Stored>()?.sale))
}

fn reply(context: &Context, part: Part) {
    match part {
        Part::Order(state) => context.reply_word(state.as_c_str()),
        Part::Refused(refusal) => {
            counters::count_refusal(refusal);
            context.reply_word(refusal.as_c_str());
        }
        Part::Free => context.reply_word(FREE),
    }
}
