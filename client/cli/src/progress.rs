//! The progress bar of long commands.

use std::error::Error;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::Failure;

/// A bar on stderr that counts requests. It stays hidden where stderr is no terminal.
pub(crate) fn requests(total: u64) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} requests, {msg}")?;
    Ok(ProgressBar::new(total).with_style(style))
}

/// A bar on stderr that counts events. It stays hidden where stderr is no terminal.
pub(crate) fn events(total: u64) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} events, {eta} left")?;
    Ok(ProgressBar::new(total).with_style(style))
}

/// A bar of a load: of its purchases, or of its time in ms. It stays hidden where stderr is no terminal.
pub(crate) fn load(purchases: Option<u64>, time: Option<Duration>) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{bar:30} {percent}%  {msg}").map_err(Failure::server)?;
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let end = purchases.or(time.map(millis)).unwrap_or_default();
    Ok(ProgressBar::new(end).with_style(style))
}
