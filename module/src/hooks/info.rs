//! The section of INFO.

use std::iter;

use crate::redis::Context;
use crate::redis::info::{self, InfoSection, InfoValue};
use crate::{counters, eviction, lines, readers, schedule, version};

struct Section;

impl InfoSection for Section {
    fn fields(crashed: bool) -> impl Iterator<Item = (String, InfoValue)> {
        let version = ("version".to_owned(), InfoValue::Text(version::TEXT));
        let safe = [
            ("eviction_safe_sales", eviction::are_sales_safe()),
            ("eviction_safe_locks", eviction::are_locks_safe()),
        ];
        let safe = safe.into_iter().map(|(name, safe)| (name.to_owned(), u64::from(safe)));
        // A server that crashed may have been at work on these, which are locked then.
        let gauges = (!crashed).then(|| {
            [
                ("scheduled_sales", schedule::len()),
                ("waiters", length(lines::len())),
                ("waiting_readers", length(readers::len())),
            ]
        });
        let gauges = gauges.into_iter().flatten().map(|(name, count)| (name.to_owned(), count));
        let numbers = counters::all().chain(safe).chain(gauges);
        iter::once(version).chain(numbers.map(|(name, number)| (name, InfoValue::Number(number))))
    }
}

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Registers the section; `false` when the server refuses.
pub(super) fn register(context: &Context) -> bool {
    info::register::<Section>(context)
}
