//! The progress bar, on stderr. It stays hidden where stderr is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new() -> Result<Self, Failure> {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {msg}")?;
        Ok(Self(ProgressBar::new(0).with_style(style)))
    }

    pub(crate) fn begin(&self, what: &'static str, steps: usize) {
        self.0.set_message(what);
        self.0.set_length(steps as u64);
        self.0.set_position(0);
    }

    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}
