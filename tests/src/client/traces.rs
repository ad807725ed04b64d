//! What the client says by tracing.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use seckill_client::{Cursor, NewSale};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::link::Link;
use crate::harness::built::workspace;
use crate::harness::conditions::{HOUR, PATIENCE};

/// Collects spans and events of the client: name and fields, a line each.
#[derive(Clone, Default)]
pub(super) struct Collector(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Collector {
    /// How many lines begin so.
    pub(super) fn count(&self, begin: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.starts_with(begin)).count()
    }

    fn collect(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(metadata.name().to_owned());
        record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("seckill_client")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.collect(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.collect(event.metadata(), |line| event.record(line));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A purchase under a lock, over a link that breaks once, tells what happens, and not the token of the lock.
#[tokio::test]
async fn tell_what_happens_and_no_token() {
    let mut link = Link::start().await;
    let collector = Collector::default();
    let _collects = tracing::subscriber::set_default(collector.clone());
    let client = link.client();
    let sale = client.sale("sale");
    sale.create(NewSale::new(10)).await.unwrap();
    let guard = client.lock("lock").wait(HOUR, PATIENCE).await.unwrap().unwrap();
    let token = link.holder("lock").await.unwrap();
    link.proxy.cut_replies_after(0);
    sale.buy("ann").order("o1").under(&guard).await.unwrap();
    guard.release().await;
    sale.durable(0, PATIENCE).buy("ann").order("o2").await.unwrap();
    sale.feed(Cursor::start()).next().await.unwrap().unwrap();

    let lines = collector.0.lock().unwrap();
    for expected in [
        "seckill.connect",
        "seckill.call command=\"SECKILL.CREATE\"",
        "seckill.lock.wait key=lock",
        "seckill.lock.acquired key=lock fence=",
        "seckill.purchase sale=sale order=o1",
        "seckill.retry",
        "seckill.lock.released key=",
        "seckill.durable.barrier orders=1",
        "seckill.feed.connected sale=sale seq=0",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected}: {lines:#?}");
    }
    assert!(lines.iter().all(|line| !line.contains(&token)), "{lines:#?}");
}

/// The page of the client lists all names, and no others.
#[test]
fn have_the_names_that_the_page_lists() {
    let page = fs::read_to_string(workspace().join("client/README.md")).unwrap();
    let section =
        page.split("## Tracing").nth(1).expect("a section of that name").split("\n## ").next().unwrap();
    let mut in_sources = BTreeSet::new();
    collect_names(&workspace().join("client/src"), &mut in_sources);
    assert_eq!(names(section, '`'), in_sources);
}

fn collect_names(path: &Path, all: &mut BTreeSet<String>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| collect_names(&entry.unwrap().path(), all));
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        all.extend(names(&fs::read_to_string(path).unwrap(), '"'));
    }
}

/// The names in quotes that begin with `seckill.`
fn names(text: &str, quote: char) -> BTreeSet<String> {
    let quoted = text.split(quote).filter(|part| part.starts_with("seckill."));
    quoted.map(str::to_owned).collect()
}
