//! The section of INFO.

use crate::redis::Context;
use crate::redis::info::{self, InfoSection};
use crate::{counters, schedule};

struct Section;

impl InfoSection for Section {
    fn fields(crashed: bool) -> impl Iterator<Item = (String, u64)> {
        // A server that crashed may have been at work on the schedule, which is locked then.
        let scheduled = (!crashed).then(|| ("scheduled_sales".to_owned(), schedule::len()));
        counters::all().chain(scheduled)
    }
}

/// Registers the section; `false` when the server refuses.
pub(super) fn register(context: &Context) -> bool {
    info::register::<Section>(context)
}
