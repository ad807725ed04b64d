//! What is plotted over time.

use seckill_page::numerals;
use seckill_page::plot::{Axis, Colour, Form, Line, Look, Plot, Scale, Stroke};

use super::timeline::{Bin, Series};
use super::words;

/// The orders placed, and the units available.
pub(super) fn of(series: &Series) -> [Plot; 2] {
    let width = words::width(series.width);
    let orders = Plot {
        title: format!("Orders placed per {width}"),
        about: busiest(series),
        ..plot(series, Colour::Ours, steps(series))
    };
    let last = series.bins.last().map_or(0, |bin| bin.available);
    let available = Plot {
        title: format!("Units available at the end of each {width}"),
        about: format!(
            "At first {}, at the end {}.",
            words::count(series.available_before),
            words::count(last)
        ),
        ..plot(series, Colour::Other, course(series))
    };
    [orders, available]
}

/// Which bin has the most orders.
fn busiest(series: &Series) -> String {
    let highest = series.bins.iter().enumerate().rev().max_by_key(|(_, bin)| bin.placed);
    let (number, placed) = highest.map_or((0, 0), |(number, bin)| (number as u64, bin.placed));
    let at = series.from.saturating_add(series.width.saturating_mul(number));
    format!("At most {}, from {} UTC on.", words::count(placed), words::time_of_day(at))
}

/// The orders of each bin, over the whole of it.
fn steps(series: &Series) -> Vec<(f64, f64)> {
    let at = |bins| Unit::of(series).after(series, bins);
    let step = |(number, bin): (usize, &Bin)| [at(number), at(number + 1)].map(|at| (at, bin.placed as f64));
    series.bins.iter().enumerate().flat_map(step).collect()
}

/// What was available at the begin, and at the end of each bin.
fn course(series: &Series) -> Vec<(f64, f64)> {
    let at = |bins| Unit::of(series).after(series, bins);
    let available = series.bins.iter().map(|bin| bin.available);
    let available = [series.available_before].into_iter().chain(available);
    available.enumerate().map(|(number, units)| (at(number), units as f64)).collect()
}

/// A plot of these points, without words.
fn plot(series: &Series, colour: Colour, points: Vec<(f64, f64)>) -> Plot {
    let unit = Unit::of(series);
    let highest = points.iter().map(|(_, height)| *height).fold(1.0, f64::max);
    Plot {
        title: String::new(),
        about: String::new(),
        x: Axis {
            name: format!("{} after {}", unit.name, words::second(series.from)).into(),
            range: 0.0..unit.after(series, series.bins.len()),
            scale: Scale::Linear,
            label: |x| format!("{}", (x * 1000.0).round() / 1000.0),
        },
        y: Axis { name: "".into(), range: 0.0..1.1 * highest, scale: Scale::Linear, label: whole },
        lines: vec![Line {
            name: String::new(),
            look: Look { colour, stroke: Stroke::Solid, form: Form::Area },
            points,
        }],
    }
}

/// Half an order is no tick.
fn whole(count: f64) -> String {
    if (count - count.round()).abs() < 1e-6 { numerals::short(count) } else { String::new() }
}

/// What an axis of time counts.
struct Unit {
    name: &'static str,
    seconds: f64,
}

impl Unit {
    fn of(series: &Series) -> Self {
        let (name, seconds) = match (series.bins.len() as u64).saturating_mul(series.width) {
            ..=300 => ("seconds", 1.0),
            301..=18_000 => ("minutes", 60.0),
            18_001..=432_000 => ("hours", 3600.0),
            _ => ("days", 86_400.0),
        };
        Self { name, seconds }
    }

    /// How long after the beginning so many bins end.
    fn after(&self, series: &Series, bins: usize) -> f64 {
        (bins as u64).saturating_mul(series.width) as f64 / self.seconds
    }
}
