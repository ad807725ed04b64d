//! Tables and the whole report as text for a terminal.

use std::fmt::{self, Display, Formatter};

use comfy_table::CellAlignment;
use comfy_table::presets::UTF8_FULL_CONDENSED;

use crate::report::Report;
use crate::table::Table;
use crate::tables;
use crate::verdicts::verdicts;

pub(crate) struct Terminal<'a>(pub(crate) &'a Report);

impl Display for Terminal<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Report { plan, goals, passes, contention, growth, small_sales, storage, removal, .. } = self.0;
        for line in tables::preface(self.0) {
            writeln!(out, "{line}")?;
        }
        for pass in passes {
            tables::workloads(pass).fmt(out)?;
        }
        tables::contention(plan, contention).fmt(out)?;
        tables::growth(growth).fmt(out)?;
        tables::small_sales(small_sales).fmt(out)?;
        tables::storage(storage).fmt(out)?;
        tables::removal(removal).fmt(out)?;
        verdicts(goals).fmt(out)
    }
}

impl Display for Table {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut drawn = comfy_table::Table::new();
        drawn.load_style(UTF8_FULL_CONDENSED).set_header(self.columns.iter().map(|column| column.name));
        for (column, shown) in self.columns.iter().zip(drawn.column_iter_mut()) {
            if column.number {
                shown.set_cell_alignment(CellAlignment::Right);
            }
        }
        drawn.add_rows(&self.rows);
        writeln!(out, "\n{}. {}\n{drawn}", self.title, self.about)?;
        self.notes.iter().try_for_each(|note| writeln!(out, "{note}"))
    }
}
