//! Whether a primary has as many replicas as `min-replicas-to-write` demands.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::redis::Context;

/// The replicas without which the server refuses the writes of its clients; 0 when it refuses none.
static DEMANDED: AtomicU64 = AtomicU64::new(0);

/// Reads the settings of the server. Where CONFIG was renamed, one replica is demanded if the server counts them.
pub(crate) fn settings_changed(context: &Context) {
    let demanded = context.server_config("min-replicas-to-write").map_or(Some(1), |count| count.parse().ok());
    DEMANDED.store(demanded.unwrap_or(0), Relaxed);
}

/// Whether the server refuses the writes of its clients, for there are too few replicas.
pub(crate) fn are_too_few(context: &Context) -> bool {
    let demanded = DEMANDED.load(Relaxed);
    // The server counts them only if the setting, and that of the lag, demand it.
    let count = || context.server_info("replication", "min_slaves_good_slaves")?.parse::<u64>().ok();
    demanded > 0 && count().is_some_and(|count| count < demanded)
}
