//! Plots of lines and areas, as SVG.

use std::borrow::Cow;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

/// Twice as large as shown on most screens, for coordinates are integers.
pub const SIZE: (u32, u32) = (1200, 800);
const SAMPLE: (u32, u32) = (112, 36);
const LETTERS: (&str, u32) = ("sans-serif", 40);
const THICK: u32 = 5;
const THIN: u32 = 3;
const DASH: u32 = 16;
const GAP: u32 = 12;
const MARK: u32 = 11;
/// More marks would hide the line.
const MARKS: usize = 8;
/// How much of the paper an area covers.
const SHADE: f64 = 0.3;

type Svg<'s> = SVGBackend<'s>;

/// Why a plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw a plot: {0}")]
pub struct DrawError(String);

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for DrawError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self(error.to_string())
    }
}

/// A colour. The style sheet selects it by its hexadecimal value, and replaces it in dark mode.
#[derive(Debug, Clone, Copy)]
pub enum Colour {
    /// Blue.
    Ours,
    /// Vermilion.
    Theirs,
    /// Green.
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

/// How a line is stroked.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Stroke {
    Solid,
    Dashed,
    Dotted,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Thick, with marks.
    Series,
    /// A goal: thin, without marks.
    Limit,
    /// Thin, and filled down to 0.
    Area,
}

/// How a line looks. Without colours, lines differ by their strokes and marks.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Look {
    pub colour: Colour,
    pub stroke: Stroke,
    pub form: Form,
}

impl Look {
    fn path<'s, At: Clone + 'static>(self, points: Vec<At>) -> DynElement<'static, Svg<'s>, At> {
        let style = self.colour.rgb().stroke_width(if self.form == Form::Series { THICK } else { THIN });
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
        if self.form != Form::Series {
            return Vec::new();
        }
        let step = points.len().div_ceil(MARKS).max(1);
        points.into_iter().step_by(step).map(mark).collect()
    }

    /// What is between the line and 0.
    fn area<'s>(self, points: &[(f64, f64)]) -> Option<DynElement<'static, Svg<'s>, (f64, f64)>> {
        let (first, last) = (points.first()?, points.last()?);
        let outline: Vec<_> =
            [(first.0, 0.0)].into_iter().chain(points.iter().copied()).chain([(last.0, 0.0)]).collect();
        let style = self.colour.rgb().mix(SHADE).filled();
        (self.form == Form::Area).then(|| Polygon::new(outline, style).into_dyn())
    }

    /// A piece of the line, for a legend.
    pub(crate) fn sample(self) -> Result<String, DrawError> {
        draw(SAMPLE, |area| {
            let (right, middle) = (SAMPLE.0 as i32, SAMPLE.1 as i32 / 2);
            area.draw(&self.path(vec![(0, middle), (right, middle)]))?;
            Ok(self.marks(vec![(right / 2, middle)]).iter().try_for_each(|mark| area.draw(mark))?)
        })
    }
}

/// A line with its points.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Line {
    pub name: String,
    pub look: Look,
    pub points: Vec<(f64, f64)>,
}

/// How far apart the values of an axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By their differences.
    Linear,
    /// By their ratios.
    Logarithmic,
}

/// An axis.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Axis {
    pub name: Cow<'static, str>,
    pub range: Range<f64>,
    pub scale: Scale,
    /// How its ticks are labelled.
    pub label: fn(f64) -> String,
}

/// Lines over an axis.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Plot {
    pub title: String,
    /// What the plot shows, and which direction is better.
    pub about: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

impl Plot {
    pub(crate) fn svg(&self) -> Result<String, DrawError> {
        let x = self.x.range.clone();
        draw(SIZE, |area| match self.x.scale {
            Scale::Linear => self.over(area, x),
            Scale::Logarithmic => self.over(area, x.log_scale()),
        })
    }

    fn over<X>(&self, area: &DrawingArea<Svg<'_>, Shift>, x: X) -> Result<(), DrawError>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
    {
        let y = self.y.range.clone();
        match self.y.scale {
            Scale::Linear => self.chart(area, x, y),
            Scale::Logarithmic => self.chart(area, x, y.log_scale()),
        }
    }

    fn chart<X, Y>(&self, area: &DrawingArea<Svg<'_>, Shift>, x: X, y: Y) -> Result<(), DrawError>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .margin_top(20)
            .margin_right(80)
            .x_label_area_size(120)
            .y_label_area_size(170)
            .build_cartesian_2d(x, y)?;
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
            .x_desc(&*self.x.name)
            .draw()?;
        for Line { look, points, .. } in &self.lines {
            chart.draw_series(look.area(points))?;
            chart.draw_series([look.path(points.clone())])?;
            chart.draw_series(look.marks(points.clone()))?;
        }
        Ok(())
    }
}

fn draw(
    size: (u32, u32),
    content: impl FnOnce(&DrawingArea<Svg<'_>, Shift>) -> Result<(), DrawError>,
) -> Result<String, DrawError> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    content(&area)?;
    area.present()?;
    drop(area);
    Ok(svg)
}
