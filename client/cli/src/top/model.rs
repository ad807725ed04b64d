//! What the samples come to: the latest figures, and rates from one sample to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use seckill_client::Info;
use serde::Serialize;

use super::follow::History;
use super::format::brief;
use super::sample::Sample;
use super::series::Series;
use super::server_figures::{Counters, REFUSALS, ServerFigures, by_word, refusals};
use crate::exit::Failure;

/// All that is known of the servers and the sales.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) servers: BTreeMap<String, Server>,
    pub(super) sales: BTreeMap<Vec<u8>, Sale>,
    /// Orders and refusals a second on all servers.
    pub(super) orders: Series,
    pub(super) refused: Series,
    /// What the latest sample says besides.
    pub(super) more: usize,
    pub(super) is_complete: bool,
    pub(super) problem: Option<String>,
    pub(super) history: Option<(Vec<u8>, Result<History, String>)>,
}

/// A sale.
#[derive(Debug, Default)]
pub(super) struct Sale {
    /// The latest figures.
    pub(super) info: Option<Info>,
    /// Why the latest figures are not those of the latest sample.
    pub(super) problem: Option<String>,
    /// A second.
    pub(super) orders: Series,
    pub(super) events: Series,
}

/// A server.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) figures: Option<ServerFigures>,
    pub(super) problem: Option<String>,
    pub(super) rates: Rates,
}

/// What happens on a server in a second.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(super) struct Rates {
    pub(super) commands: Option<f64>,
    pub(super) orders: Option<f64>,
    pub(super) holds_expired: Option<f64>,
    pub(super) grants: Option<f64>,
    pub(super) handoffs: Option<f64>,
    /// In the order of [`refusals`].
    #[serde(serialize_with = "by_word")]
    pub(super) refused: [Option<f64>; REFUSALS],
}

/// The time from one reading to another, by the clock of the server that was read.
#[derive(Clone, Copy)]
struct Span {
    micros: u64,
}

impl Model {
    /// Takes over a sample. There is to be one each `interval`.
    pub(super) fn apply(&mut self, sample: Sample, interval: Duration) {
        let mut servers = std::mem::take(&mut self.servers);
        // A server that was away for longer was missed in passes that are counted.
        let mut passes: Option<usize> = None;
        for (name, read) in sample.servers {
            let mut server = servers.remove(&name).unwrap_or_default();
            passes = passes.into_iter().chain(server.apply(read, interval)).min();
            self.servers.insert(name, server);
        }
        let passes = passes.unwrap_or(1);
        let mut sales = std::mem::take(&mut self.sales);
        for (key, read) in sample.sales {
            let mut sale = sales.remove(&key).unwrap_or_default();
            sale.apply(read, interval);
            self.sales.insert(key, sale);
        }
        self.orders.push(self.sum(|rates| rates.orders), passes);
        self.refused.push(self.sum(Rates::all_refused), passes);
        (self.more, self.is_complete, self.problem) = (sample.more, sample.is_complete, sample.problem);
        self.history = sample.history;
    }

    /// A rate of all servers together; `None` if it is known of none.
    pub(super) fn sum(&self, rate: impl Fn(&Rates) -> Option<f64>) -> Option<f64> {
        self.servers.values().filter_map(|server| rate(&server.rates)).reduce(|sum, rate| sum + rate)
    }

    /// Why purchases are refused, each with how many a second, the most frequent first.
    pub(super) fn refusals(&self) -> Vec<(&'static str, f64)> {
        let rate =
            |(at, word)| (word, self.sum(|rates| rates.refused.get(at).copied().flatten()).unwrap_or(0.0));
        let mut refusals: Vec<_> = refusals().into_iter().enumerate().map(rate).collect();
        refusals.retain(|(_, rate)| *rate > 0.0);
        refusals.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        refusals
    }

    /// The clock of the servers, in unix ms.
    pub(super) fn now(&self) -> Option<u64> {
        let of_servers = self
            .servers
            .values()
            .filter_map(|server| server.figures.as_ref())
            .map(|server| server.time / 1000);
        let of_sales = self.sales.values().filter_map(|sale| sale.info.as_ref()).map(|info| info.now);
        of_servers.chain(of_sales).max()
    }
}

impl Sale {
    fn apply(&mut self, read: Result<Info, Failure>, interval: Duration) {
        let info = match read {
            Ok(info) => info,
            Err(failure) => {
                self.problem = Some(brief(failure));
                return;
            }
        };
        self.problem = None;
        match &self.info {
            Some(before) if before.created == info.created => {
                let span = Span::between(before.now * 1000, info.now * 1000);
                let passes = span.passes(interval);
                self.orders.push(span.rate(before.orders, info.orders), passes);
                self.events.push(span.rate(before.seq, info.seq), passes);
            }
            // Another sale is at the key now.
            _ => *self = Self::default(),
        }
        self.info = Some(info);
    }
}

impl Server {
    /// How many passes the rates are of, where there are any.
    fn apply(&mut self, read: Result<ServerFigures, String>, interval: Duration) -> Option<usize> {
        let figures = match read {
            Ok(figures) => figures,
            Err(problem) => {
                self.problem = Some(problem);
                self.rates = Rates::default();
                return None;
            }
        };
        self.problem = None;
        let passes = self.figures.as_ref().map(|before| {
            let span = Span::between(before.time, figures.time);
            self.rates = Rates::between(&before.counters, &figures.counters, span);
            span.passes(interval)
        });
        self.figures = Some(figures);
        passes
    }
}

impl Rates {
    fn between(before: &Counters, after: &Counters, span: Span) -> Self {
        Self {
            commands: span.rate(before.commands, after.commands),
            orders: span.rate(before.orders, after.orders),
            holds_expired: span.rate(before.holds_expired, after.holds_expired),
            grants: span.rate(before.grants, after.grants),
            handoffs: span.rate(before.handoffs, after.handoffs),
            refused: std::array::from_fn(|at| span.rate(before.refused[at], after.refused[at])),
        }
    }

    /// Of every kind.
    pub(super) fn all_refused(&self) -> Option<f64> {
        self.refused.iter().copied().sum()
    }
}

impl Span {
    /// Empty if the clock went back.
    fn between(before: u64, after: u64) -> Self {
        Self { micros: after.saturating_sub(before) }
    }

    /// `None` without time in between, and if the counter began anew.
    fn rate(self, before: u64, after: u64) -> Option<f64> {
        let count = after.checked_sub(before)?;
        (self.micros > 0).then(|| count as f64 * 1e6 / self.micros as f64)
    }

    /// How many passes there should have been.
    fn passes(self, interval: Duration) -> usize {
        (self.micros as f64 / 1e6 / interval.as_secs_f64()).round() as usize
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_sale::info;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn server(time: u64, orders: u64, sold_out: u64) -> ServerFigures {
        ServerFigures::read(&format!(
            "server_time_usec:{time}\r\nseckill_orders_accepted:{orders}\r\nseckill_refused_soldout:{sold_out}\r\nseckill_refused_limit:0\r\n"
        ))
    }

    #[test]
    fn rates_are_by_the_clock_of_the_server() {
        let mut model = Model::default();
        model.apply(
            Sample::of(
                [("one", server(1_000_000, 10, 0))],
                [("a", info(json!({ "now": 1_000, "orders": 10 })))],
            ),
            SECOND,
        );
        assert_eq!((model.orders.latest(), model.sales[&b"a"[..]].orders.latest()), (None, None));
        model.apply(
            Sample::of(
                [("one", server(3_000_000, 30, 8))],
                [("a", info(json!({ "now": 1_500, "orders": 30 })))],
            ),
            SECOND,
        );
        assert_eq!(model.orders.latest(), Some(10.0));
        assert_eq!(model.refusals(), [("SOLDOUT", 4.0)]);
        assert_eq!(model.sales[&b"a"[..]].orders.latest(), Some(40.0));
        // A pass was missed, and the rate is the mean of both.
        assert_eq!(model.orders.last(9).collect::<Vec<_>>(), [None, Some(10.0), Some(10.0)]);
        assert_eq!(model.now(), Some(3_000));
    }

    #[test]
    fn nothing_is_said_of_a_server_that_began_anew() {
        let mut model = Model::default();
        model.apply(
            Sample::of([("one", server(1_000_000, 10, 5)), ("two", server(1_000_000, 0, 0))], []),
            SECOND,
        );
        model.apply(
            Sample::of([("one", server(2_000_000, 3, 2)), ("two", server(2_000_000, 6, 1))], []),
            SECOND,
        );
        assert_eq!(model.servers["one"].rates.orders, None);
        assert_eq!((model.orders.latest(), model.refused.latest()), (Some(6.0), Some(1.0)));
        // And none if its clock went back.
        model.apply(Sample::of([("two", server(1_000_000, 9, 1))], []), SECOND);
        assert_eq!((model.orders.latest(), model.servers.len()), (None, 1));
    }

    #[test]
    fn each_pass_is_one_bar_while_a_server_is_away_and_when_it_is_back() {
        let mut model = Model::default();
        for pass in 1..=9 {
            let at = |orders| server(pass * 1_000_000, pass * orders, 0);
            let mut sample = Sample::of([("one", at(10)), ("two", at(1))], []);
            if (3..8).contains(&pass) {
                sample.servers.insert("two".to_owned(), Err("no answer in time".to_owned()));
            }
            model.apply(sample, SECOND);
        }
        let rates: Vec<_> = model.orders.last(99).map(Option::unwrap_or_default).collect();
        assert_eq!(rates, [0.0, 11.0, 10.0, 10.0, 10.0, 10.0, 10.0, 11.0, 11.0]);
    }

    #[test]
    fn a_sale_that_cannot_be_read_keeps_its_last_figures() {
        let mut model = Model::default();
        model.apply(Sample::of([], [("a", info(json!({})))]), SECOND);
        let mut failed = Sample::default();
        failed.sales.insert(b"a".to_vec(), Err(Failure::Server("no answer".to_owned())));
        model.apply(failed, SECOND);
        let sale = &model.sales[&b"a"[..]];
        assert_eq!((sale.info.is_some(), sale.problem.as_deref()), (true, Some("no answer")));
        // A new sale at the key has no history.
        model
            .apply(Sample::of([], [("a", info(json!({ "created": 6, "orders": 0, "now": 2_000 })))]), SECOND);
        assert_eq!(model.sales[&b"a"[..]].orders.last(9).len(), 0);
    }
}
