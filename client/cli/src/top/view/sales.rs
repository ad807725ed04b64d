//! The table of the sales.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::Line;
use seckill_client::{Code, Info};

use super::grid::{Cell, Column, Grid};
use super::stock;
use super::theme::Theme;
use crate::names::Name;
use crate::top::app::{App, Row};
use crate::top::format::{UNKNOWN, length, number, rate};
use crate::top::sort::Sort;

/// The columns: by what they can be sorted, or a title; and the rank of each.
const COLUMNS: [(Result<Sort, &str>, u8); 13] = [
    (Ok(Sort::Name), 0),
    (Ok(Sort::State), 2),
    (Ok(Sort::Share), 5),
    (Ok(Sort::Sold), 3),
    (Ok(Sort::Held), 4),
    (Ok(Sort::Left), 1),
    (Ok(Sort::Rate), 6),
    (Err("TREND"), 7),
    (Ok(Sort::Orders), 8),
    (Ok(Sort::Buyers), 9),
    (Err("OPENS"), 10),
    (Err("CLOSES"), 11),
    (Err("HOLD"), 12),
];

/// The sales that are listed.
pub(super) fn grid(app: &App, theme: Theme) -> Grid<'_> {
    let columns = COLUMNS.iter().map(|(column, rank)| match column {
        Ok(sort @ (Sort::Name | Sort::State | Sort::Share)) => Column::text(title(*sort, app), *rank),
        Ok(sort) => Column::number(title(*sort, app), *rank),
        Err("TREND") => Column::text("TREND", *rank),
        Err(title) => Column::number(*title, *rank),
    });
    let mut grid = Grid::new(columns.collect());
    for row in app.rows() {
        grid.row(cells(row, theme));
    }
    grid
}

fn title(sort: Sort, app: &App) -> Cow<'static, str> {
    // Names rise, numbers fall.
    let rises = (sort == Sort::Name) != app.is_reversed;
    match app.sort == sort {
        true if rises => format!("{}▲", sort.title()).into(),
        true => format!("{}▼", sort.title()).into(),
        false => sort.title().into(),
    }
}

fn cells<'a>((key, sale): Row<'a>, theme: Theme) -> Vec<Cell<'a>> {
    let name = Cell::name(Name(key).to_string(), 12, Style::new());
    let Some(info) = &sale.info else {
        let problem = sale.problem.clone().unwrap_or_default();
        // Of one that cannot be read, nobody knows whether it exists.
        let state = if problem.starts_with(Code::NoSale.as_str()) { "NONE" } else { UNKNOWN };
        let mut cells = vec![name, Cell::text(state, theme.alert()), Cell::name(problem, 8, theme.alert())];
        cells.resize_with(COLUMNS.len(), || Cell::plain(UNKNOWN));
        return cells;
    };
    vec![
        name,
        state(info, sale.problem.is_some(), theme),
        Cell::picture(8, 40, move |width| stock::bar(info, width, theme)),
        Cell::plain(number(info.sold)),
        Cell::text(number(info.held), if info.held > 0 { theme.held() } else { Theme::quiet() }),
        Cell::plain(number(info.available)),
        Cell::plain(rate(sale.orders.latest())),
        Cell::picture(8, 60, move |width| Line::styled(sale.orders.bars(width), theme.orders())),
        Cell::plain(number(info.orders)),
        Cell::plain(number(info.buyers)),
        Cell::plain(countdown(info.rules.opens, info.now)),
        Cell::plain(countdown(info.rules.closes, info.now)),
        Cell::plain(hold(info)),
    ]
}

/// The state of a sale; that of what cannot be read any more has a question mark.
pub(super) fn state<'a>(info: &Info, is_old: bool, theme: Theme) -> Cell<'a> {
    match &info.state {
        _ if info.diverged => Cell::text("DIVERGED", theme.alert()),
        phase if is_old => Cell::text(format!("{phase}?"), theme.alert()),
        phase => Cell::text(phase.to_string(), theme.phase(phase)),
    }
}

fn countdown(at: u64, now: u64) -> String {
    match at {
        0 => UNKNOWN.to_owned(),
        at if at > now => format!("in {}", length(at - now)),
        _ => "past".to_owned(),
    }
}

fn hold(info: &Info) -> String {
    if info.rules.hold.is_zero() { UNKNOWN.to_owned() } else { length(info.rules.hold.as_millis() as u64) }
}
