//! The formats of Prometheus, read strictly.

use std::collections::{BTreeMap, BTreeSet};

/// A page of metrics, by the names of the families.
#[derive(Debug)]
pub(super) struct Page(pub(super) BTreeMap<String, Family>);

#[derive(Debug)]
pub(super) struct Family {
    pub(super) kind: String,
    /// The metrics by their labels, as written.
    pub(super) metrics: BTreeMap<String, f64>,
}

impl Page {
    /// Reads OpenMetrics.
    pub(super) fn open_metrics(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("the end");
        Self::read(text, |kind| match kind {
            "counter" => "_total",
            "info" => "_info",
            "gauge" | "unknown" => "",
            other => panic!("an unexpected type: {other}"),
        })
    }

    /// Reads the text format, where a family is called as its metrics are.
    pub(super) fn text(text: &str) -> Self {
        Self::read(text, |kind| {
            assert!(["counter", "gauge", "untyped"].contains(&kind), "{kind}");
            ""
        })
    }

    /// Each family is a help, a type and its metrics; their names end as their type demands.
    fn read(text: &str, suffix: fn(&str) -> &'static str) -> Self {
        assert!(text.ends_with('\n'), "{text}");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let help = line.strip_prefix("# HELP ").unwrap_or_else(|| panic!("no help: {line}"));
            let (name, _) = help.split_once(' ').expect("a text");
            assert!(is_name(name), "{line}");
            let kind =
                lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} "))).expect(name);
            let mut metrics = BTreeMap::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (labels, value) = metric(line, &format!("{name}{}", suffix(kind)));
                assert!(metrics.insert(labels, value).is_none(), "twice: {line}");
            }
            assert!(!metrics.is_empty(), "{name} has no metrics");
            let family = Family { kind: kind.to_owned(), metrics };
            assert!(families.insert(name.to_owned(), family).is_none(), "{name} is there twice");
        }
        Self(families)
    }

    /// The metric with these labels, such as `{sale="bottles"}`.
    pub(super) fn value(&self, family: &str, labels: &str) -> Option<f64> {
        self.0.get(family)?.metrics.get(labels).copied()
    }
}

/// The labels and the value of a line, which is a metric of this name.
fn metric(line: &str, name: &str) -> (String, f64) {
    let rest = line.strip_prefix(name).unwrap_or_else(|| panic!("not of {name}: {line}"));
    let end = if rest.starts_with('{') { end_of_labels(rest) } else { 0 };
    let (labels, value) = rest.split_at(end);
    let value = value.strip_prefix(' ').and_then(|value| value.parse().ok());
    (labels.to_owned(), value.unwrap_or_else(|| panic!("no value: {line}")))
}

/// The length of labels in braces; their values are quoted and escaped.
fn end_of_labels(text: &str) -> usize {
    let (mut at, mut names) = (1, BTreeSet::new());
    loop {
        let (name, _) = text[at..].split_once("=\"").expect("a label");
        assert!(is_name(name) && names.insert(name), "{text}");
        at += name.len() + 2;
        loop {
            match text.as_bytes()[at] {
                b'"' => break,
                b'\\' => {
                    assert!(b"\\\"n".contains(&text.as_bytes()[at + 1]), "{text}");
                    at += 2;
                }
                _ => at += 1,
            }
        }
        match text.as_bytes()[at + 1] {
            b',' => at += 2,
            b'}' => return at + 2,
            _ => panic!("neither a comma nor the end of the labels: {text}"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_first)
        && name.bytes().all(|byte| is_first(byte) || byte.is_ascii_digit())
}
