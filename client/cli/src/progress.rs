//! The progress bar of long commands.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};

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
