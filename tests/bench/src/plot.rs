//! Plots of lines over a logarithmic axis, as SVG.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use crate::failure::Failure;

/// Twice as large as shown on most screens, for coordinates are integers.
pub(crate) const SIZE: (u32, u32) = (1200, 800);
const SAMPLE: (u32, u32) = (112, 36);
const LETTERS: (&str, u32) = ("sans-serif", 40);
const THICK: u32 = 5;
const THIN: u32 = 3;
const DASH: u32 = 16;
const GAP: u32 = 12;
const MARK: u32 = 11;
/// More marks would hide the line.
const MARKS: usize = 8;

type Svg<'s> = SVGBackend<'s>;

/// A colour. The style sheet selects it by its hexadecimal value, and replaces it in dark mode.
#[derive(Clone, Copy)]
pub(crate) enum Colour {
    Ours,
    Theirs,
    Other,
}

impl Colour {
    /// From the palette of Okabe and Ito, which colour-blind readers can distinguish.
    fn rgb(self) -> RGBColor {
        match self {
            Self::Ours => RGBColor(0x00, 0x72, 0xB2),
            Self::Theirs => RGBColor(0xD5, 0x5E, 0x00),
            Self::Other => RGBColor(0x00, 0x9E, 0x73),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Stroke {
    Solid,
    Dashed,
    Dotted,
}

/// How a line looks. Without colours, lines differ by their strokes and marks.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) colour: Colour,
    pub(crate) stroke: Stroke,
    /// Whether it is a goal: a thin line without marks.
    pub(crate) limit: bool,
}

impl Look {
    fn path<'s, At: Clone + 'static>(self, points: Vec<At>) -> DynElement<'static, Svg<'s>, At> {
        let style = self.colour.rgb().stroke_width(if self.limit { THIN } else { THICK });
        match self.stroke {
            Stroke::Solid => PathElement::new(points, style).into_dyn(),
            Stroke::Dashed => DashedPathElement::new(points, DASH, GAP, style).into_dyn(),
            Stroke::Dotted => DashedPathElement::new(points, THIN, GAP, style).into_dyn(),
        }
    }

    fn marks<'s, At: Clone + 'static>(self, points: Vec<At>) -> Vec<DynElement<'static, Svg<'s>, At>> {
        let style = self.colour.rgb().filled();
        let mark = |point| match self.colour {
            Colour::Ours => Circle::new(point, MARK, style).into_dyn(),
            Colour::Theirs => TriangleMarker::new(point, MARK + 3, style).into_dyn(),
            Colour::Other => Cross::new(point, MARK, style.stroke_width(THICK)).into_dyn(),
        };
        let step = points.len().div_ceil(MARKS).max(1);
        if self.limit { Vec::new() } else { points.into_iter().step_by(step).map(mark).collect() }
    }

    /// A piece of the line, for a legend.
    pub(crate) fn sample(self) -> Result<String, Failure> {
        draw(SAMPLE, |area| {
            let (right, middle) = (SAMPLE.0 as i32, SAMPLE.1 as i32 / 2);
            area.draw(&self.path(vec![(0, middle), (right, middle)]))?;
            Ok(self.marks(vec![(right / 2, middle)]).iter().try_for_each(|mark| area.draw(mark))?)
        })
    }
}

/// A line with its points.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) points: Vec<(f64, f64)>,
}

/// An axis, and how its ticks are labelled.
pub(crate) struct Axis {
    pub(crate) name: &'static str,
    pub(crate) range: Range<f64>,
    pub(crate) label: fn(f64) -> String,
}

/// Lines over an axis that is logarithmic.
pub(crate) struct Plot {
    pub(crate) title: String,
    /// What the plot shows, and which direction is better.
    pub(crate) about: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) y_is_logarithmic: bool,
    pub(crate) lines: Vec<Line>,
}

impl Plot {
    pub(crate) fn svg(&self) -> Result<String, Failure> {
        let y = self.y.range.clone();
        draw(
            SIZE,
            |area| {
                if self.y_is_logarithmic { self.chart(area, y.log_scale()) } else { self.chart(area, y) }
            },
        )
    }

    fn chart<Y>(&self, area: &DrawingArea<Svg<'_>, Shift>, y: Y) -> Result<(), Failure>
    where
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .margin_top(20)
            .margin_right(80)
            .x_label_area_size(120)
            .y_label_area_size(170)
            .build_cartesian_2d(self.x.range.clone().log_scale(), y)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(BLACK.mix(0.15))
            .axis_style(BLACK.mix(0.5))
            .label_style(LETTERS)
            .set_all_tick_mark_size(GAP)
            .x_labels(9)
            .y_labels(9)
            .x_label_formatter(&|x| (self.x.label)(*x))
            .y_label_formatter(&|y| (self.y.label)(*y))
            .x_desc(self.x.name)
            .draw()?;
        for Line { look, points, .. } in &self.lines {
            chart.draw_series([look.path(points.clone())])?;
            chart.draw_series(look.marks(points.clone()))?;
        }
        Ok(())
    }
}

fn draw(
    size: (u32, u32),
    content: impl FnOnce(&DrawingArea<Svg<'_>, Shift>) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    content(&area)?;
    area.present()?;
    drop(area);
    Ok(svg)
}
