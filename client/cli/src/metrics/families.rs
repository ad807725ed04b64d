//! Metrics, and the formats in which they are written.

use std::fmt;
use std::io::{self, Write};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::output::Show;

/// What a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// It only rises, until the server starts again.
    Counter,
    Gauge,
    /// Always 1: its labels are what it says.
    Info,
    /// A field of a newer module.
    Unknown,
}

/// Names and values of labels.
pub(super) type Labels = Vec<(String, String)>;

/// All that one scrape found.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[serde(transparent)]
pub(super) struct Families(Vec<Family>);

/// The metrics of one name.
#[derive(Debug, Clone, serde::Serialize)]
struct Family {
    name: String,
    kind: Kind,
    help: &'static str,
    metrics: Vec<Metric>,
}

#[derive(Debug, Clone, serde::Serialize)]
struct Metric {
    #[serde(serialize_with = "as_map")]
    labels: Labels,
    value: f64,
}

/// The format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, which node_exporter reads.
    Text,
}

impl Families {
    /// Adds a metric. All of one name have one kind.
    pub(super) fn add(&mut self, name: &str, kind: Kind, help: &'static str, labels: Labels, value: f64) {
        let metric = Metric { labels, value };
        match self.0.iter_mut().find(|family| family.name == name) {
            Some(family) => family.metrics.push(metric),
            None => self.0.push(Family { name: name.to_owned(), kind, help, metrics: vec![metric] }),
        }
    }

    /// A page of all.
    pub(super) fn page(&self, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut page = String::new();
        match format {
            Format::OpenMetrics => text::encode(&mut page, &registry)?,
            Format::Text => prometheus_text::encode(&mut page, &registry)?,
        }
        Ok(page)
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| family.encode(&mut encoder))
    }
}

impl Family {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut encoder = encoder.encode_descriptor(&self.name, self.help, None, self.kind.into())?;
        for Metric { labels, value } in &self.metrics {
            match self.kind {
                Kind::Info => encoder.encode_info(labels)?,
                Kind::Counter => {
                    encoder.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(value, None)?;
                }
                Kind::Gauge | Kind::Unknown => encoder.encode_family(labels)?.encode_gauge(value)?,
            }
        }
        Ok(())
    }
}

impl From<Kind> for MetricType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter,
            Kind::Gauge => Self::Gauge,
            Kind::Info => Self::Info,
            Kind::Unknown => Self::Unknown,
        }
    }
}

impl Show for Families {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.page(Format::Text).map_err(io::Error::other)?.as_bytes())
    }
}

impl Format {
    /// What a client wants that accepts this.
    pub(super) fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

fn as_map<S: serde::Serializer>(labels: &Labels, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(labels.iter().map(|(name, value)| (name, value)))
}
