//! The report as bars and plots, for the page.

use std::ops::Range;

use seckill_page::numerals::{short, thousands};
use seckill_page::plot::{Axis, Colour, Form, Line, Look, Plot, Scale, Stroke};

use crate::comparison::{Beside, compare, rival_name};
use crate::contention::{CONNECTIONS, Lock};
use crate::growth::{Grown, KINDS, Point};
use crate::numerals::{duration, share, us};
use crate::plan::Plan;
use crate::report::{ContentionFigures, Passed};

/// Bars beside each other, in groups.
pub(crate) struct Bars {
    /// What the bars show, and which direction is better.
    pub(crate) about: &'static str,
    pub(crate) groups: Vec<Group>,
}

/// A figure of Seckill, and then those of its rivals.
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

/// The time of a call.
pub(crate) fn calls(pass: &Passed) -> Bars {
    let figure = |name: &str| Some(pass.workloads.iter().find(|row| row.workload == name)?.us.median);
    let ours = pass.workloads.iter().filter(|row| row.ours);
    Bars {
        about: "µs a call. Shorter bars are better. Each group has a scale of its own.",
        groups: ours.filter_map(|row| group(&row.workload, &row.beside, figure, us)).collect(),
    }
}

/// Orders a second of buyers who come all at once.
pub(crate) fn contention(ways: &[ContentionFigures]) -> Bars {
    let ours = ways.iter().filter(|way| way.ours).filter_map(|way| {
        let others = ways.iter().filter(|other| other.connections == way.connections);
        let figure =
            |name: &str| Some(others.clone().find(|other| other.way == name)?.orders_per_second.median);
        let group = group(way.way, &way.beside, figure, thousands)?;
        Some(Group { title: format!("{}, {}", group.title, connections(way.connections)), ..group })
    });
    Bars {
        about: "Orders a second. Longer bars are better. Each group has a scale of its own.",
        groups: ours.collect(),
    }
}

/// `None` without rivals.
fn group(
    name: &str,
    beside: &[Beside],
    figure: impl Fn(&str) -> Option<f64>,
    show: fn(f64) -> String,
) -> Option<Group> {
    let ours = ("Seckill", figure(name)?);
    let theirs =
        beside.iter().filter_map(|beside| Some((rival_name(&beside.rival, name), figure(&beside.rival)?)));
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
pub(crate) fn latencies(plan: &Plan, ways: &[ContentionFigures]) -> Vec<Plot> {
    let purchases = f64::from(plan.rounds) * plan.calls as f64;
    let all: Vec<_> = ways.iter().flat_map(|way| latency(way, purchases).points).collect();
    let plot = |connections| {
        let lines = ways.iter().filter(|way| way.connections == connections);
        Plot {
            title: format!("Latency, {}", self::connections(connections)),
            about: "How long purchases take: the share on the horizontal axis takes at most the time above it. Lower \
                    is better. The lines end at the slowest of all."
                .to_owned(),
            x: Axis {
                name: "share of the purchases".into(),
                range: 1.0..purchases.max(10.0),
                scale: Scale::Logarithmic,
                label: share,
            },
            y: Axis {
                name: "latency".into(),
                range: decades(all.iter().map(|(_, us)| *us)),
                scale: Scale::Logarithmic,
                label: duration,
            },
            lines: lines.map(|way| latency(way, purchases)).collect(),
        }
    };
    CONNECTIONS.map(plot).into()
}

/// The time that a share of the purchases takes at most, over how rare it is that one takes longer: 1 in so
/// many.
fn latency(way: &ContentionFigures, purchases: f64) -> Line {
    let rarity = |quantile: f64| (1.0 / (1.0 - quantile)).min(purchases);
    Line {
        name: way.way.to_owned(),
        look: Look {
            colour: if way.ours { Colour::Ours } else { Colour::Theirs },
            stroke: match way.lock {
                Lock::ByPurchase => Stroke::Solid,
                Lock::ByCall => Stroke::Dotted,
                Lock::None => Stroke::Dashed,
            },
            form: Form::Series,
        },
        points: way.latencies.iter().map(|(quantile, us)| (rarity(*quantile), *us as f64)).collect(),
    }
}

/// Time and memory of an order over the number of orders.
pub(crate) fn growth(growth: &[Grown]) -> [Plot; 2] {
    let sales = || growth.iter().zip(LOOKS);
    let times = sales().map(|(grown, look)| {
        let fastest = grown.points.iter().map(|point| point.us).fold(f64::INFINITY, f64::min);
        let name = format!("{} × the fastest", grown.most_uneven);
        limit(&name, grown, look, grown.most_uneven * fastest)
    });
    let memories = sales().flat_map(|(grown, look)| {
        let most = grown.most_bytes.map(|most| limit("at most", grown, look, most));
        let dotted = Look { stroke: Stroke::Dotted, ..look };
        most.into_iter().chain(grown.aim_bytes.map(|aim| limit("aim", grown, dotted, aim)))
    });
    [
        Plot {
            title: "Time of a purchase".to_owned(),
            about: "µs a purchase by commandstats, while a sale grows. Lower is better, and so is a line that stays \
                    level: no line is to rise above the thin one."
                .to_owned(),
            ..over_orders(growth, |point| point.us, |us| format!("{us:.1} µs"), times.collect())
        },
        Plot {
            title: "Memory of an order".to_owned(),
            about: "Bytes an order by MEMORY USAGE, with its buyer and its event. Lower is better: with many orders, \
                    no line is to be above the thin one."
                .to_owned(),
            ..over_orders(growth, |point| point.bytes, |bytes| format!("{bytes} B"), memories.collect())
        },
    ]
}

/// How the sales that grow look.
const LOOKS: [Look; KINDS.len()] = [
    Look { colour: Colour::Ours, stroke: Stroke::Solid, form: Form::Series },
    Look { colour: Colour::Other, stroke: Stroke::Dashed, form: Form::Series },
    Look { colour: Colour::Ours, stroke: Stroke::Dotted, form: Form::Series },
];

/// What a sale that grows is to reach, at all sizes.
fn limit(name: &str, grown: &Grown, look: Look, at: f64) -> Line {
    Line {
        name: format!("{name}, {}", grown.sale),
        look: Look { form: Form::Limit, ..look },
        points: grown.points.iter().map(|point| (point.orders as f64, at)).collect(),
    }
}

/// A plot without words.
fn over_orders(
    growth: &[Grown],
    figure: fn(&Point) -> f64,
    label: fn(f64) -> String,
    limits: Vec<Line>,
) -> Plot {
    let sales = growth.iter().zip(LOOKS).map(|(grown, look)| Line {
        name: grown.sale.to_owned(),
        look,
        points: grown.points.iter().map(|point| (point.orders as f64, figure(point))).collect(),
    });
    let lines: Vec<_> = sales.chain(limits).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    Plot {
        title: String::new(),
        about: String::new(),
        x: Axis {
            name: "orders of the sale".into(),
            range: decades(points().map(|(orders, _)| *orders)),
            scale: Scale::Logarithmic,
            label: short,
        },
        y: Axis {
            name: "".into(),
            range: 0.0..1.1 * points().map(|(_, y)| *y).fold(0.0, f64::max),
            scale: Scale::Linear,
            label,
        },
        lines,
    }
}

fn connections(number: usize) -> String {
    if number == 1 { "1 connection".to_owned() } else { format!("{number} connections") }
}

/// The powers of ten around some values.
fn decades(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (least, most) =
        values.fold((f64::INFINITY, 1.0), |(least, most), value| (value.min(least), value.max(most)));
    let start = 10_f64.powf(least.clamp(1.0, most).log10().floor());
    start..10_f64.powf(most.log10().ceil()).max(10.0 * start)
}
