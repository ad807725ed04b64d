//! A table whose columns are as wide as what is in them, and of which those stay that fit.

use ratatui::layout::Constraint;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Row, Table};

use super::theme::Theme;

/// Between two columns.
const GAP: usize = 1;

pub(super) struct Grid<'a> {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell<'a>>>,
}

pub(super) struct Column {
    title: String,
    is_number: bool,
    /// The columns with the highest ranks are left out where there is no room.
    rank: u8,
}

/// What is in a place of the table, at any width that it may get.
pub(super) struct Cell<'a> {
    least: usize,
    most: usize,
    draw: Box<dyn Fn(usize) -> Line<'a> + 'a>,
}

impl Column {
    pub(super) fn text(title: impl Into<String>, rank: u8) -> Self {
        Self { title: title.into(), is_number: false, rank }
    }

    pub(super) fn number(title: impl Into<String>, rank: u8) -> Self {
        Self { title: title.into(), is_number: true, rank }
    }
}

impl<'a> Cell<'a> {
    /// A text that is shown as a whole.
    pub(super) fn text(text: impl Into<String>, style: Style) -> Self {
        let text = text.into();
        let width = width(&text);
        Self { least: width, most: width, draw: Box::new(move |_| Line::styled(text.clone(), style)) }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::text(text, Style::new())
    }

    /// A text that may be cut.
    pub(super) fn name(text: String, least: usize, style: Style) -> Self {
        let most = width(&text);
        let draw = move |room| Line::styled(cut(&text, room), style);
        Self { least: least.min(most), most, draw: Box::new(draw) }
    }

    /// A picture of any of these widths.
    pub(super) fn picture(least: usize, most: usize, draw: impl Fn(usize) -> Line<'a> + 'a) -> Self {
        Self { least, most, draw: Box::new(draw) }
    }
}

impl<'a> Grid<'a> {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell<'a>>) {
        self.rows.push(cells);
    }

    /// The table at a width.
    pub(super) fn table(&self, room: usize) -> Table<'a> {
        let widths = self.fit(room);
        let line = |cells: &mut dyn Iterator<Item = (usize, Line<'a>)>| {
            let aligned =
                cells.map(|(at, line)| if self.columns[at].is_number { line.right_aligned() } else { line });
            Row::new(aligned.collect::<Vec<_>>())
        };
        let titles = &mut widths.iter().map(|(at, _)| (*at, Line::from(self.columns[*at].title.clone())));
        let header = line(titles).style(Theme::heading());
        let rows = self
            .rows
            .iter()
            .map(|row| line(&mut widths.iter().map(|(at, width)| (*at, (row[*at].draw)(*width)))));
        let constraints =
            widths.iter().map(|(_, width)| Constraint::Length(u16::try_from(*width).unwrap_or(u16::MAX)));
        Table::new(rows.collect::<Vec<_>>(), constraints.collect::<Vec<_>>())
            .header(header)
            .column_spacing(GAP as u16)
            .row_highlight_style(Theme::selected())
    }

    /// The columns that fit, and their widths.
    fn fit(&self, room: usize) -> Vec<(usize, usize)> {
        let in_column = |at: usize, of: fn(&Cell<'a>) -> usize| {
            self.rows.iter().map(|row| of(&row[at])).max().unwrap_or(0)
        };
        let bounds = |(at, column): (usize, &Column)| {
            let least = in_column(at, |cell| cell.least).max(width(&column.title));
            (at, least, in_column(at, |cell| cell.most))
        };
        let mut kept: Vec<(usize, usize, usize)> = self.columns.iter().enumerate().map(bounds).collect();
        let taken =
            |kept: &[(usize, usize, usize)]| kept.iter().map(|(_, width, _)| width + GAP).sum::<usize>();
        while kept.len() > 1 && taken(&kept) > room + GAP {
            let last = kept
                .iter()
                .enumerate()
                .max_by_key(|(_, (at, ..))| self.columns[*at].rank)
                .map(|(place, _)| place);
            kept.remove(last.unwrap_or(0));
        }
        let mut left = (room + GAP).saturating_sub(taken(&kept));
        while left > 0 && kept.iter().any(|(_, width, most)| width < most) {
            for (_, width, most) in &mut kept {
                if left > 0 && width < most {
                    *width += 1;
                    left -= 1;
                }
            }
        }
        kept.into_iter().map(|(at, width, _)| (at, width.min(room))).collect()
    }
}

/// Cells of the terminal that a text takes.
pub(crate) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The beginning of a text that is too long.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut buffer = [0; 4];
    let mut left = room.saturating_sub(1);
    for letter in text.chars() {
        match left.checked_sub(width(letter.encode_utf8(&mut buffer))) {
            Some(rest) => left = rest,
            None => break,
        }
        shown.push(letter);
    }
    shown + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid<'static> {
        let mut grid =
            Grid::new(vec![Column::text("NAME", 0), Column::text("BAR", 2), Column::number("NUMBER", 1)]);
        grid.row(vec![
            Cell::name("a long name".to_owned(), 6, Style::new()),
            Cell::picture(4, 10, |width| Line::from("#".repeat(width))),
            Cell::plain("1,000"),
        ]);
        grid
    }

    #[test]
    fn columns_share_the_room_or_are_left_out() {
        let grid = grid();
        assert_eq!(grid.fit(100), [(0, 11), (1, 10), (2, 6)]);
        assert_eq!(grid.fit(20), [(0, 7), (1, 5), (2, 6)]);
        assert_eq!(grid.fit(17), [(0, 10), (2, 6)]);
        assert_eq!(grid.fit(12), [(0, 11)]);
        assert_eq!(grid.fit(3), [(0, 3)]);
    }

    #[test]
    fn a_name_is_cut_by_what_it_takes_on_the_screen() {
        assert_eq!(
            ["bottles", "flaschen", "日本酒", ""].map(|name| cut(name, 5)),
            ["bott…", "flas…", "日本…", ""]
        );
    }
}
