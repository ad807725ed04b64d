//! Events of the server: a new role, loaded data, new settings, databases that are swapped or emptied, forks, keys
//! that changed or were evicted, clients that disconnect.

use std::ffi::CStr;

use super::clock_steps;
use crate::redis::events::{self, ServerEvents};
use crate::redis::{Context, Key, Str};
use crate::stored::Stored;
use crate::{clocks, commands, deliveries, eviction, lines, persistence, readers, replicas, schedule};

struct ModuleEvents;

impl ServerEvents for ModuleEvents {
    /// The events of commands that move a sale to another key without calling its data type.
    const KEY_MOVES: &'static [&'static CStr] = &[c"rename_to", c"move_to"];

    fn role_changed(context: &Context) {
        clocks::begin_epoch();
        deliveries::forget();
        // What a replica lacks may still come; what a primary lacks will not.
        readers::all_changed(context, None);
        schedule::arm(context);
    }

    fn loaded(context: &Context) {
        schedule::arm(context);
        content_changed(context, None);
    }

    fn settings_changed(context: &Context) {
        eviction::settings_changed(context);
        persistence::settings_changed(context);
        replicas::settings_changed(context);
    }

    fn databases_swapped(context: &Context, first: i32, second: i32) {
        schedule::swap(first, second);
        // Clients stay in their databases.
        content_changed(context, Some(first));
        content_changed(context, Some(second));
    }

    fn database_emptied(context: &Context, db: Option<i32>) {
        content_changed(context, db);
    }

    fn forked(context: &Context) {
        commands::keep_last(context);
    }

    /// Reports steps of the clock, and sets the timer again: it does not fire in time after such a step.
    fn cron(context: &Context) {
        if clock_steps::report(context) {
            // What was to be looked at in a second may have become an hour.
            lines::touch_all(context, None);
        }
        schedule::arm(context);
        lines::arm(context);
        readers::recheck(context);
    }

    fn key_moved(context: &Context, key: Str<'_>) {
        if let Some(stored) = Key::write(context, key).value_mut::<Stored>() {
            // The hint that it has names the key that it came from.
            stored.scheduled = None;
            stored.schedule(context, context.db(), key);
        }
    }

    fn watches_keys() -> bool {
        lines::are_in_use() || readers::are_in_use()
    }

    fn key_touched(context: &Context, key: Str<'_>) {
        lines::touch(context, key);
        readers::sale_changed(context, key);
    }

    fn evicted(key: Str<'_>) {
        eviction::key_evicted(key);
    }

    fn client_gone(context: &Context, client: u64) {
        commands::client_gone(context, client);
    }

    fn replies_sent(_: &Context) {
        deliveries::replies_sent();
    }
}

/// The keys of a database may have changed without further notice; `None`: those of all.
fn content_changed(context: &Context, db: Option<i32>) {
    lines::touch_all(context, db);
    readers::all_changed(context, db);
}

/// Subscribes; `false` when the server refuses.
pub(super) fn subscribe(context: &Context) -> bool {
    let reports_keys = !misplaces_clients(context);
    if !reports_keys {
        lines::watch_unreported();
    }
    deliveries::install(events::subscribe_to_deliveries::<ModuleEvents>);
    events::subscribe::<ModuleEvents>(context)
        && events::subscribe_to_keys::<ModuleEvents>(context, reports_keys)
}

/// From 8.1 until 9.1.2 Valkey leaves a client in the database of a keyspace event that a module listened to:
/// after MOVE or COPY its next commands went to the wrong one (valkey-io/valkey, pull request 4024). An eviction
/// is no part of a command, so it moves no client.
fn misplaces_clients(context: &Context) -> bool {
    let affected = context.valkey_version().is_some_and(|version| ([8, 1, 0]..[9, 1, 2]).contains(&version));
    if affected {
        context.warn(
            "this Valkey cannot report what happens to keys without harm (fixed in 9.1.2): the holds of a sale that is \
             renamed or moved run out when it is next written to, and who waits for a lock or a sale is served with delay",
        );
    }
    affected
}
