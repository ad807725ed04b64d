//! What happens when the module is loaded.

use super::{command_entry, info, server_events};
use crate::redis::options::{
    HANDLE_ATOMIC_SLOT_MIGRATION, HANDLE_IO_ERRORS, HANDLE_REPL_ASYNC_LOAD, NO_IMPLICIT_SIGNAL_MODIFIED,
    known,
};
use crate::redis::{Context, config, data_type};
use crate::stored::Stored;
use crate::{clocks, commands, configs, eviction, lines, persistence, readers, replicas, schedule, version};

module! { name: c"seckill", version: version::NUMBER, load: load }

/// Registers everything; `false` when the server refuses something.
fn load(context: &Context, arguments: &[&[u8]]) -> bool {
    if let Err(error) = configs::read_arguments(arguments) {
        context.warn(&error.to_string());
        return false;
    }
    clocks::begin_epoch();
    schedule::TIMER.install(commands::run_due);
    lines::TIMER.install(commands::serve_lines);
    readers::TIMER.install(commands::wake_readers);
    let loaded = data_type::register::<Stored>(context)
        && command_entry::register(context)
        && config::register(context, &configs::NUMBERS, &configs::BOOLS)
        && info::register(context)
        && server_events::subscribe(context);
    // HANDLE_REPL_ASYNC_LOAD: during a full resync a replica may serve the old data while it loads the new.
    // Two copies of a sale share no state, and the schedule has only hints. NO_IMPLICIT_SIGNAL_MODIFIED:
    // otherwise closing a key that was opened for writing would invalidate client-side caches although
    // nothing changed.
    let migration = HANDLE_ATOMIC_SLOT_MIGRATION & known();
    context.set_options(HANDLE_IO_ERRORS | HANDLE_REPL_ASYNC_LOAD | NO_IMPLICIT_SIGNAL_MODIFIED | migration);
    if loaded {
        eviction::settings_changed(context);
        persistence::settings_changed(context);
        replicas::settings_changed(context);
        persistence::warn_at_load(context);
    }
    loaded
}
