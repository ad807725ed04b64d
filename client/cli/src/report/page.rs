//! The page.

use askama::Template;
use seckill_client::Info;
use seckill_page::{DrawError, Figure};

use super::buyers::Group;
use super::changes::{Changes, Kind};
use super::diagram::{self, Diagram};
use super::figures::{Figures, Selling};
use super::flow::{Amount, Flow};
use super::timeline::Series;
use super::waits::Percentiles;
use super::{lead, plots, words};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Draw(#[from] DrawError),
    #[error("cannot write the page: {0}")]
    Write(#[from] askama::Error),
}

/// The data of `page.html`.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page {
    sale: String,
    lead: String,
    now: String,
    events: String,
    diverged: bool,
    sums: Vec<Sum>,
    rules: Vec<(&'static str, String)>,
    times: Vec<Times>,
    diagram: Option<Diagram>,
    flow: Vec<Step>,
    /// How often, if at all.
    extended: Option<String>,
    buyers: Vec<Bar>,
    waits: Vec<Bar>,
    confirmed: String,
    changes: Vec<Change>,
    more_changes: u64,
}

/// A figure with its name, and what it means.
struct Sum {
    name: &'static str,
    figure: String,
    about: String,
}

/// Plots over time, with their table.
struct Times {
    id: &'static str,
    title: &'static str,
    figures: Vec<Figure>,
    width: String,
    rows: Vec<(String, String, String)>,
}

/// A step that orders take.
struct Step {
    name: &'static str,
    orders: String,
    units: String,
    share: String,
}

struct Bar {
    name: String,
    figure: String,
    percent: f64,
}

struct Change {
    at: String,
    what: String,
    id: String,
}

impl Page {
    pub(super) fn of(sale: &str, info: &Info, figures: &Figures) -> Result<Self, Error> {
        let (whole, rush) = (figures.timeline.as_ref(), figures.rush.as_ref());
        let times =
            [("whole", "From the beginning to the last event", whole), ("rush", "At the busiest", rush)];
        let times = times.into_iter().filter_map(|(id, title, series)| Some(Times::of(id, title, series?)));
        Ok(Self {
            sale: words::name(sale),
            lead: lead::of(info, figures),
            now: words::instant(info.now),
            events: words::counted(figures.events, "event", "events"),
            diverged: info.diverged,
            sums: sums(info, figures),
            rules: words::rules(&info.rules).into(),
            times: times.collect::<Result<_, _>>()?,
            diagram: Diagram::of(&figures.flow),
            flow: steps(&figures.flow),
            extended: (figures.extended > 0).then(|| words::counted(figures.extended, "time", "times")),
            buyers: buyers(&figures.orders_a_buyer),
            waits: figures.until_confirmed_ms.map(waits).unwrap_or_default(),
            confirmed: words::counted(figures.flow.confirmed.orders, "order", "orders"),
            changes: changes(&figures.changes),
            more_changes: figures.changes.more(),
        })
    }

    pub(super) fn html(&self) -> Result<String, Error> {
        Ok(self.render()?)
    }
}

fn sums(info: &Info, figures: &Figures) -> Vec<Sum> {
    let flow = &figures.flow;
    let sum = |name, figure: String, about: String| Sum { name, figure, about };
    let units = |name, amount: Amount| {
        sum(
            name,
            words::count(amount.units),
            format!("units, {}", words::counted(amount.orders, "order", "orders")),
        )
    };
    let restocked = figures.stock.saturating_sub_unsigned(figures.created_with);
    let stock = match restocked {
        0 => "units, as at its creation".to_owned(),
        _ => format!("units: {} at its creation, {restocked:+} since", words::count(figures.created_with)),
    };
    let attempts = format!("placed {}", words::counted(flow.placed().orders, "order", "orders"));
    let mut sums = vec![
        sum("Stock", words::count(figures.stock.unsigned_abs()), stock),
        units("Sold", flow.sold_now()),
        units("Held now", flow.held_now()),
        sum("Available", words::count(info.available), "units".to_owned()),
        units("Cancelled", flow.all_cancelled()),
        units("Expired", flow.expired),
        sum("Buyers", words::count(figures.buyers), attempts),
    ];
    sums.extend(window(info));
    if let Some(selling) = &figures.selling {
        sums.push(time_to_sold_out(selling));
    }
    if let Some(peak) = &figures.busiest {
        let about =
            format!("orders in the {} from {} UTC", words::width(peak.width), words::time_of_day(peak.at));
        sums.push(sum("Busiest", words::count(peak.placed), about));
    }
    sums
}

/// When it sold, or will.
fn window(info: &Info) -> [Sum; 2] {
    let at = |millis: u64| (words::time_of_day(millis / 1000), format!("{} UTC", words::day(millis)));
    let opens = info.rules.opens.max(info.created);
    let (opened, on) = at(opens);
    let opening = Sum { name: if opens > info.now { "Opens" } else { "Opened" }, figure: opened, about: on };
    let closing = match info.rules.closes {
        0 => Sum { name: "Closes", figure: "never".to_owned(), about: "unless that is changed".to_owned() },
        closes => {
            let (closed, on) = at(closes);
            Sum { name: if closes > info.now { "Closes" } else { "Closed" }, figure: closed, about: on }
        }
    };
    [opening, closing]
}

/// From when to when it is counted, too.
fn time_to_sold_out(selling: &Selling) -> Sum {
    let from = if selling.since_opening { "the opening" } else { "the first order" };
    let (figure, about) = match selling.time_to_sold_out() {
        Some(millis) => (words::span(millis), format!("from {from} until an order took the last unit")),
        None => ("never".to_owned(), "no order took the last unit".to_owned()),
    };
    Sum { name: "Sold out after", figure, about }
}

impl Times {
    fn of(id: &'static str, title: &'static str, series: &Series) -> Result<Self, DrawError> {
        let drawn = plots::of(series).into_iter().zip(["orders", "available"]);
        let figures = drawn.map(|(plot, what)| Figure::of(format!("{id}-{what}"), plot));
        Ok(Self {
            id,
            title,
            figures: figures.collect::<Result<_, _>>()?,
            width: words::width(series.width),
            rows: rows(series),
        })
    }
}

/// The time, the orders and what was available then: of each bin in which something changed.
fn rows(series: &Series) -> Vec<(String, String, String)> {
    let mut before = series.available_before;
    let mut rows = Vec::new();
    for (number, bin) in (0_u64..).zip(&series.bins) {
        let changes = std::mem::replace(&mut before, bin.available) != bin.available;
        if bin.placed > 0 || changes {
            let at = series.from.saturating_add(number.saturating_mul(series.width));
            rows.push((words::second(at), words::count(bin.placed), words::count(bin.available)));
        }
    }
    rows
}

/// What became of the orders: all steps that a sale with holds has, or all that one without has.
fn steps(flow: &Flow) -> Vec<Step> {
    let has_holds = flow.held.orders > 0;
    let steps = [
        ("Placed", flow.placed(), true),
        ("Placed and sold at once", flow.sold_at_once, flow.sold_at_once.orders > 0),
        ("Placed and held", flow.held, has_holds),
        ("Held, then confirmed", flow.confirmed, has_holds),
        ("Held, then cancelled", flow.cancelled, has_holds),
        ("Held, then expired", flow.expired, has_holds),
        ("Held now", flow.held_now(), has_holds),
        ("Sold, then cancelled", flow.refunded, true),
        ("Sold now", flow.sold_now(), true),
    ];
    let step = |(name, amount, is_shown): (&'static str, Amount, bool)| {
        is_shown.then(|| Step {
            name,
            orders: words::count(amount.orders),
            units: words::count(amount.units),
            share: words::share(amount.orders, flow.placed().orders),
        })
    };
    steps.into_iter().filter_map(step).collect()
}

fn buyers(groups: &[Group]) -> Vec<Bar> {
    let name = |group: &Group| match group.most {
        Some(most) if most == group.least => words::counted(most.into(), "order", "orders"),
        Some(most) => format!("{} to {most} orders", group.least),
        None => format!("{} orders or more", group.least),
    };
    bars(groups.iter().map(|group| (name(group), group.buyers, words::count(group.buyers))))
}

fn waits(waits: Percentiles) -> Vec<Bar> {
    let Percentiles { least, p50, p90, p99, most, .. } = waits;
    let times = [("fastest", least), ("50 %", p50), ("90 %", p90), ("99 %", p99), ("slowest", most)];
    bars(times.map(|(name, millis)| (name.to_owned(), millis, words::span(millis))))
}

/// Bars as long as their values, which have a name and a text.
fn bars(values: impl IntoIterator<Item = (String, u64, String)>) -> Vec<Bar> {
    let values: Vec<_> = values.into_iter().collect();
    let longest = values.iter().map(|(_, value, _)| *value).max().unwrap_or(0).max(1) as f64;
    let bar = |(name, value, figure)| Bar { name, figure, percent: 100.0 * value as f64 / longest };
    values.into_iter().map(bar).collect()
}

fn changes(changes: &Changes) -> Vec<Change> {
    let id = |kind: &Kind| match kind {
        Kind::Restocked { id: Some(id), .. } => words::name(id),
        _ => String::new(),
    };
    let change = |change: &super::changes::Change| Change {
        at: words::instant(change.at),
        what: words::change(&change.kind),
        id: id(&change.kind),
    };
    changes.first.iter().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::super::timeline::Bin;
    use super::*;

    /// The orders and what is available, in the rows of these bins.
    fn shown(available_before: u64, bins: &[(u64, u64)]) -> Vec<(String, String)> {
        let bins = bins.iter().map(|(placed, available)| Bin { placed: *placed, available: *available });
        let series = Series { from: 0, width: 1, available_before, bins: bins.collect() };
        rows(&series).into_iter().map(|(_, placed, available)| (placed, available)).collect()
    }

    #[test]
    fn the_table_leaves_out_only_rows_in_which_nothing_changed() {
        let row = |placed: &str, available: &str| (placed.to_owned(), available.to_owned());
        let returned = shown(10, &[(1, 9), (0, 10), (1, 9), (0, 9), (0, 10), (0, 10)]);
        assert_eq!(returned, [row("1", "9"), row("0", "10"), row("1", "9"), row("0", "10")]);
        // A unit that is returned and bought in one bin changes nothing but the orders.
        assert_eq!(shown(0, &[(0, 0), (1, 0)]), [row("1", "0")]);
    }
}
