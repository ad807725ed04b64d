//! The report as a self-contained page of HTML.

use askama::Template;
use seckill_page::plot::Plot;
use seckill_page::{DrawError, Figure};

use crate::failure::Failure;
use crate::figures::{self, Bars};
use crate::report::Report;
use crate::table::Table;
use crate::tables;
use crate::verdicts::verdicts;

/// The data of `page.html`.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct HtmlReport {
    preface: Vec<String>,
    sections: Vec<Section>,
}

/// A table, with bars and plots of its figures.
struct Section {
    id: String,
    table: Table,
    bars: Option<Bars>,
    figures: Vec<Figure>,
}

impl HtmlReport {
    pub(crate) fn of(report: &Report) -> Result<Self, Failure> {
        let mut sections = vec![Section::of("goals", verdicts(&report.goals))];
        for (number, pass) in (1..).zip(&report.passes) {
            let calls = Section::of(format!("calls-{number}"), tables::workloads(pass));
            sections.push(calls.with_bars(figures::calls(pass)));
        }
        let contention = Section::of("contention", tables::contention(&report.plan, &report.contention));
        let contention = contention.with_bars(figures::contention(&report.contention));
        sections.push(contention.with_plots(figures::latencies(&report.plan, &report.contention))?);
        let growth = Section::of("growth", tables::growth(&report.growth));
        sections.push(growth.with_plots(figures::growth(&report.growth))?);
        sections.push(Section::of("small-sales", tables::small_sales(&report.small_sales)));
        sections.push(Section::of("storage", tables::storage(&report.storage)));
        sections.push(Section::of("removal", tables::removal(&report.removal)));
        Ok(Self { preface: tables::preface(report), sections })
    }
}

impl Section {
    fn of(id: impl Into<String>, table: Table) -> Self {
        Self { id: id.into(), table, bars: None, figures: Vec::new() }
    }

    fn with_bars(self, bars: Bars) -> Self {
        Self { bars: Some(bars), ..self }
    }

    fn with_plots(mut self, plots: impl IntoIterator<Item = Plot>) -> Result<Self, DrawError> {
        for (number, plot) in (1..).zip(plots) {
            self.figures.push(Figure::of(format!("{}-plot-{number}", self.id), plot)?);
        }
        Ok(self)
    }
}
