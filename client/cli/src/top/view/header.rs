//! The servers: what happens on them, and what is wrong.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::grid::{Cell, Column, Grid};
use super::theme::Theme;
use crate::times;
use crate::top::app::App;
use crate::top::format::{UNKNOWN, bytes, clock, length, number, rate};
use crate::top::model::{Model, Server};
use crate::top::sampler::MAX_SALES;
use crate::top::series::Series;
use crate::top::server_figures::ServerFigures;

/// The first line: what is shown, and when.
pub(super) fn title(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let time = app.model.now().map_or_else(|| UNKNOWN.to_owned(), |now| format!(" {} UTC", clock(now)));
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(time.len() as u16)]).areas(area);
    let mut words =
        vec![Span::styled("seckill top", Theme::title()), Span::raw(format!("  {}", scope(&app.model)))];
    words.push(Span::raw(format!(", every {}", times::length(app.interval))));
    if app.is_paused {
        words.push(Span::raw("  "));
        words.push(Span::styled(" PAUSED: p goes on ", Theme::selected()));
    }
    frame.render_widget(Line::from(words), left);
    frame.render_widget(Line::from(time).alignment(Alignment::Right), right);
}

fn scope(model: &Model) -> String {
    let shown = model.sales.len();
    let sales = if shown == 1 { "1 sale".to_owned() } else { format!("{shown} sales") };
    match model.more {
        0 if model.is_complete => sales,
        0 => format!("{sales}, searching for more"),
        more => {
            let more = number(more as u64);
            format!("the first {MAX_SALES} sales, {more} more (choose by --match)")
        }
    }
}

/// The table of the servers.
pub(super) fn servers(model: &Model) -> Grid<'static> {
    let mut grid = Grid::new(vec![
        Column::text("SERVER", 0),
        Column::number("OPS/S", 3),
        Column::number("ORDERS/S", 8),
        Column::number("REFUSED/S", 7),
        Column::number("LOCKS/S", 2),
        Column::number("HAND-OFFS/S", 4),
        Column::number("WAITERS", 1),
        Column::number("MEMORY", 6),
        Column::text("REPLICAS", 5),
        Column::text("VERSION", 9),
    ]);
    for (name, server) in &model.servers {
        grid.row(server_row(name, server));
    }
    grid
}

fn server_row(name: &str, server: &Server) -> Vec<Cell<'static>> {
    let rates = &server.rates;
    let figure = |figure: fn(&ServerFigures) -> String| {
        Cell::plain(server.figures.as_ref().map_or_else(|| UNKNOWN.to_owned(), figure))
    };
    vec![
        Cell::name(name.to_owned(), 14, Style::new()),
        Cell::plain(rate(rates.commands)),
        Cell::plain(rate(rates.orders)),
        Cell::plain(rate(rates.all_refused())),
        Cell::plain(rate(rates.grants)),
        Cell::plain(rate(rates.handoffs)),
        figure(|server| number(server.waiters)),
        figure(memory),
        figure(replicas),
        figure(|server| server.version.clone()),
    ]
}

fn memory(server: &ServerFigures) -> String {
    match (server.memory * 100).checked_div(server.memory_limit) {
        None => bytes(server.memory),
        Some(percent) => format!("{} {percent}%", bytes(server.memory)),
    }
}

/// How many, and how far the slowest is behind.
fn replicas(server: &ServerFigures) -> String {
    if let Some(primary) = &server.replica_of {
        return format!("of {}", primary.primary);
    }
    let count = server.replicas.len();
    let (lag_bytes, lag_seconds) = server.replicas.iter().fold((0, 0), |(bytes, seconds), replica| {
        (bytes.max(replica.lag_bytes), seconds.max(replica.lag_seconds))
    });
    if count == 0 { "none".to_owned() } else { format!("{count}, lag {} {lag_seconds}s", bytes(lag_bytes)) }
}

/// Orders and refusals a second on all servers.
pub(super) fn totals(model: &Model, width: usize, theme: Theme) -> [Line<'static>; 2] {
    let bars = (width / 5).clamp(8, 60);
    let expired = rate(model.sum(|rates| rates.holds_expired));
    let mut orders = total("Orders/s", &model.orders, bars, theme.orders());
    orders.push(Span::raw(format!("  holds expired/s {expired}")));
    let mut refused = total("Refused/s", &model.refused, bars, theme.refused());
    for (word, times) in model.refusals() {
        refused.push(Span::raw(format!("  {word} {}", rate(Some(times)))));
    }
    [Line::from(orders), Line::from(refused)]
}

fn total(name: &str, series: &Series, bars: usize, style: Style) -> Vec<Span<'static>> {
    vec![
        Span::raw(format!("{name:<9} ")),
        Span::styled(format!("{:>8}", rate(series.latest())), Theme::title()),
        Span::raw(" "),
        Span::styled(series.bars(bars), style),
    ]
}

/// What an operator should look after.
pub(super) fn alerts(app: &App) -> Vec<String> {
    let mut alerts = Vec::new();
    if let Some((silence, why)) = app.trouble() {
        let colon = if why.is_empty() { "" } else { ": " };
        alerts.push(format!("No answer for {}{colon}{why}", length(silence.as_millis() as u64)));
    }
    alerts.extend(app.model.problem.clone());
    for (name, server) in &app.model.servers {
        if let Some(problem) = &server.problem {
            alerts.push(format!("{name}: {problem}"));
        } else if let Some(figures) = &server.figures {
            alerts.extend(troubles_of(figures).into_iter().map(|trouble| format!("{name}: {trouble}")));
        }
    }
    alerts
}

fn troubles_of(server: &ServerFigures) -> Vec<String> {
    let mut troubles = Vec::new();
    if !server.has_module {
        troubles.push("the server lacks the module".to_owned());
    }
    if server.sales_diverged > 0 {
        troubles.push(format!("sales diverged: {}; see `seckill sale audit`", number(server.sales_diverged)));
    }
    if server.sales_evicted > 0 {
        troubles.push(format!("sales were evicted: {}", number(server.sales_evicted)));
    }
    if let Some(primary) = server.replica_of.as_ref().filter(|primary| !primary.is_connected) {
        troubles.push(format!("no link to its primary {}", primary.primary));
    }
    for replica in server.replicas.iter().filter(|replica| !replica.is_online) {
        troubles.push(format!("replica {} is not online", replica.address));
    }
    troubles
}
