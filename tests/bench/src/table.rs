//! A table of text, with what one has to know to read it.

pub(crate) struct Table {
    pub(crate) title: String,
    /// What the table shows, and which direction is better.
    pub(crate) about: String,
    pub(crate) columns: Vec<Column>,
    /// The first cell names the row.
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Numbers are aligned on the right.
    pub(crate) number: bool,
}

impl Table {
    /// A row, each cell with its column.
    pub(crate) fn cells<'t>(&'t self, row: &'t [String]) -> impl Iterator<Item = (&'t Column, &'t String)> {
        self.columns.iter().zip(row)
    }
}

/// A column of words.
pub(crate) const fn words(name: &'static str) -> Column {
    Column { name, number: false }
}

/// A column of numbers.
pub(crate) const fn number(name: &'static str) -> Column {
    Column { name, number: true }
}
