//! The report as plots and bars, for the page.

use std::ops::Range;

use crate::contention::CONNECTIONS;
use crate::numerals::{duration, share, thousands, us};
use crate::plot::{Axis, Colour, Line, Look, Plot};
use crate::report::{Beside, Passed, Rush};
use crate::tables::{compare, short};

/// Bars beside each other, in groups.
pub(crate) struct Bars {
    /// What is seen, and what better means.
    pub(crate) about: &'static str,
    pub(crate) groups: Vec<Group>,
}

/// A figure of Seckill's first, and of its rivals.
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) ratios: String,
    pub(crate) bars: Vec<Bar>,
}

pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) figure: String,
    /// Of the longest of the group.
    pub(crate) percent: f64,
}

/// What a call takes.
pub(crate) fn calls(pass: &Passed) -> Bars {
    let figure = |name: &str| Some(pass.workloads.iter().find(|row| row.workload == name)?.us.median);
    let ours = pass.workloads.iter().filter(|row| row.ours);
    Bars {
        about: "µs a call. Shorter bars are better. Each group has a scale of its own.",
        groups: ours.filter_map(|row| group(&row.workload, &row.beside, figure, us)).collect(),
    }
}

/// How fast a crowd is served.
pub(crate) fn crowd(rushes: &[Rush]) -> Bars {
    let ours = rushes.iter().filter(|rush| rush.ours).filter_map(|rush| {
        let others = rushes.iter().filter(|other| other.connections == rush.connections);
        let figure =
            |way: &str| Some(others.clone().find(|other| other.way == way)?.orders_per_second.median);
        let group = group(rush.way, &rush.beside, figure, thousands)?;
        Some(Group { title: format!("{}, {}", group.title, connections(rush.connections)), ..group })
    });
    Bars {
        about: "Orders a second. Longer bars are better. Each group has a scale of its own.",
        groups: ours.collect(),
    }
}

/// None without rivals.
fn group(
    name: &str,
    beside: &[Beside],
    figure: impl Fn(&str) -> Option<f64>,
    show: fn(f64) -> String,
) -> Option<Group> {
    let ours = ("Seckill", figure(name)?);
    let theirs =
        beside.iter().filter_map(|beside| Some((short(&beside.rival, name), figure(&beside.rival)?)));
    let figures: Vec<_> = [ours].into_iter().chain(theirs).collect();
    let longest = figures.iter().map(|(_, figure)| *figure).fold(0.0, f64::max);
    let bar = |(name, figure): (&str, f64)| Bar {
        name: name.to_owned(),
        figure: show(figure),
        percent: 100.0 * figure / longest,
    };
    let bars: Vec<_> = figures.into_iter().map(bar).collect();
    (bars.len() > 1).then(|| Group { title: name.to_owned(), ratios: compare(beside, name).join(", "), bars })
}

/// The latencies of purchases: a plot for each number of connections, all with the same axes.
pub(crate) fn latencies(rushes: &[Rush]) -> Vec<Plot> {
    let (rarities, times): (Vec<_>, Vec<_>) = rushes.iter().flat_map(|rush| latency(rush).points).unzip();
    let plot = |connections| {
        Plot {
        title: format!("Latency, {}", self::connections(connections)),
        about: "How long purchases take: the share on the horizontal axis takes at most the time above it. Lower is \
                better. Where a line ends it tells of a single purchase."
            .to_owned(),
        x: Axis { name: "share of the purchases", range: decades(&rarities), label: share },
        y: Axis { name: "latency", range: decades(&times), label: duration },
        y_is_logarithmic: true,
        lines: rushes.iter().filter(|rush| rush.connections == connections).map(latency).collect(),
    }
    };
    CONNECTIONS.map(plot).into()
}

/// Of every share of the purchases but all, how long they took: as usual, over how rare longer ones are, 1 in so many.
fn latency(rush: &Rush) -> Line {
    let colour = if rush.ours { Colour::Ours } else { Colour::Theirs };
    let shares = rush.latencies.iter().filter(|(quantile, _)| *quantile < 1.0);
    Line {
        name: rush.way.to_owned(),
        look: Look { colour, dashed: !rush.locked },
        points: shares.map(|(quantile, us)| (1.0 / (1.0 - quantile), *us as f64)).collect(),
    }
}

fn connections(number: usize) -> String {
    if number == 1 { "1 connection".to_owned() } else { format!("{number} connections") }
}

/// The powers of ten around some values.
fn decades(values: &[f64]) -> Range<f64> {
    let (least, most) =
        values.iter().fold((f64::INFINITY, 1.0), |(least, most), value| (value.min(least), value.max(most)));
    let start = 10_f64.powf(least.clamp(1.0, most).log10().floor());
    start..10_f64.powf(most.log10().ceil()).max(10.0 * start)
}
