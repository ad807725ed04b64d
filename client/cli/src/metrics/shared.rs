//! One scrape at a time, whoever asks.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;

use super::scrape::{Scrape, Source};

/// A source whose scrapes are shared by all who ask meanwhile.
pub(super) struct SharedSource {
    source: Source,
    last: Mutex<Option<Last>>,
}

struct Last {
    began: Instant,
    scrape: Arc<Scrape>,
}

impl SharedSource {
    pub(super) fn new(source: Source) -> Self {
        Self { source, last: Mutex::new(None) }
    }

    /// A scrape that began after this was called. All who call while one is made share the next one, so that none pile up
    /// when a server is slow.
    pub(super) async fn scrape(&self) -> Arc<Scrape> {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.began >= asked) {
            return last.scrape.clone();
        }
        let began = Instant::now();
        let scrape = Arc::new(self.source.scrape().await);
        let failed_before = last.as_ref().is_some_and(|last| last.scrape.failure.is_some());
        report_change(failed_before, &scrape);
        *last = Some(Last { began, scrape: scrape.clone() });
        scrape
    }
}

/// An outage is said once, and so is its end.
fn report_change(failed_before: bool, scrape: &Scrape) {
    match &scrape.failure {
        Some(failure) if !failed_before => eprintln!("error: {failure}"),
        None if failed_before => eprintln!("the servers answer again"),
        _ => {}
    }
}
