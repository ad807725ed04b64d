//! The progress bar of long commands.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::Failure;

/// A bar on stderr that counts requests. It stays hidden where stderr is no terminal.
pub(crate) fn requests(total: u64) -> Result<ProgressBar, Failure> {
    bar(total, "{bar:40} {pos}/{len} requests, {msg}")
}

/// One that counts events.
pub(crate) fn events(total: u64) -> Result<ProgressBar, Failure> {
    bar(total, "{bar:40} {human_pos}/{human_len} events, {eta} left")
}

/// One of a load: of its purchases, or of its time in ms.
pub(crate) fn load(purchases: Option<u64>, time: Option<Duration>) -> Result<ProgressBar, Failure> {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    bar(purchases.or(time.map(millis)).unwrap_or_default(), "{bar:30} {percent}%  {msg}")
}

fn bar(total: u64, template: &str) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template(template).map_err(Failure::server)?;
    Ok(ProgressBar::new(total).with_style(style))
}
