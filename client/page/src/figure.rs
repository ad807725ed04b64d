//! A plot in a page.

use askama::Template;

use crate::plot::{DrawError, Plot};

/// A plot with its caption and its legend. Its `Display` is HTML.
#[derive(Template)]
#[template(path = "figure.html")]
pub struct Figure {
    id: String,
    plot: Plot,
    svg: String,
    legend: Vec<Entry>,
}

/// A line of a legend.
struct Entry {
    sample: String,
    name: String,
}

impl Figure {
    /// Draws a plot. The id is that of no other element of the page. A single line needs no legend.
    pub fn of(id: String, plot: Plot) -> Result<Self, DrawError> {
        let lines = if plot.lines.len() > 1 { &plot.lines[..] } else { &[] };
        let entries = lines
            .iter()
            .map(|line| Ok::<_, DrawError>(Entry { sample: line.look.sample()?, name: line.name.clone() }));
        let legend = entries.collect::<Result<_, _>>()?;
        Ok(Self { id, svg: plot.svg()?, legend, plot })
    }
}
