//! Whether the server saves anything.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::redis::Context;

const NOTHING_IS_SAVED: &str = "nothing is saved: there are no save points and no AOF, so a restart loses all sales \
    and locks; set appendonly to yes";

static SAVES: AtomicBool = AtomicBool::new(true);
static CREATED_ANY: AtomicBool = AtomicBool::new(false);

/// Reads the settings of the server. Where CONFIG was renamed they are not known, and no warning is given.
pub(crate) fn settings_changed(context: &Context) {
    let has_no_save_points = context.server_config("save").is_some_and(|points| points.is_empty());
    let has_no_aof = context.server_config("appendonly").is_some_and(|switch| switch == "no");
    SAVES.store(!(has_no_save_points && has_no_aof), Relaxed);
}

/// Warns when nothing is saved.
pub(crate) fn warn_at_load(context: &Context) {
    if !SAVES.load(Relaxed) {
        context.warn(NOTHING_IS_SAVED);
    }
}

/// Warns when a sale was created, the first one, and nothing is saved.
pub(crate) fn warn_of_first_sale(context: &Context) {
    if !CREATED_ANY.swap(true, Relaxed) && !SAVES.load(Relaxed) {
        context.warn(&format!("the first sale was created, and {NOTHING_IS_SAVED}"));
    }
}
