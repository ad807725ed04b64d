//! What is on the screen.

mod detail;
mod grid;
mod header;
mod help;
mod sales;
mod stock;
mod theme;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, TableState};

pub(super) use grid::width;
pub(super) use theme::Theme;

use super::app::App;

/// Alerts that are shown at once.
const MAX_ALERTS: usize = 3;

/// Lines but those of servers, alerts and sales: the title, two headings, two totals.
const FIXED: usize = 5;

/// Draws the whole view.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, theme: Theme) {
    let [picture, keys] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(frame.area());
    draw_picture(frame, picture, app, theme);
    draw_keys(frame, keys, app);
    if app.shows_help {
        help::draw(frame, frame.area(), theme);
    }
}

/// Draws all but what the keys need.
pub(super) fn draw_picture(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) {
    let servers = shown_servers(app, area);
    let alerts = header::alerts(app);
    let [title, server_table, totals, alert_lines, main] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(servers as u16 + 1),
        Constraint::Length(2),
        Constraint::Length(alerts.len().min(MAX_ALERTS) as u16),
        Constraint::Fill(1),
    ])
    .areas(area);
    header::title(frame, title, app);
    frame.render_widget(header::servers(&app.model).table(area.width.into()), server_table);
    let lines = header::totals(&app.model, area.width.into(), theme);
    frame.render_widget(Paragraph::new(lines.to_vec()), totals);
    frame.render_widget(alerts_shown(alerts, theme), alert_lines);
    match &app.detail {
        Some(key) => detail::draw(frame, main, key, app, theme),
        None => draw_sales(frame, main, app, theme),
    }
}

/// Lines of the picture with all sales and servers.
pub(super) fn full_height(app: &App) -> u16 {
    let lines =
        FIXED + app.model.servers.len() + header::alerts(app).len().min(MAX_ALERTS) + app.model.sales.len();
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// As many servers as leave most of the screen to the sales.
fn shown_servers(app: &App, area: Rect) -> usize {
    let most = (usize::from(area.height) / 4)
        .max(1)
        .max(usize::from(area.height).saturating_sub(FIXED + app.model.sales.len()));
    app.model.servers.len().min(most)
}

fn alerts_shown(mut alerts: Vec<String>, theme: Theme) -> Paragraph<'static> {
    if alerts.len() > MAX_ALERTS {
        let more = alerts.len() - MAX_ALERTS + 1;
        alerts.truncate(MAX_ALERTS - 1);
        alerts.push(format!("… and {more} more"));
    }
    let lines = alerts.into_iter().map(|alert| Line::styled(alert, theme.alert()));
    Paragraph::new(lines.collect::<Vec<_>>())
}

fn draw_sales(frame: &mut Frame<'_>, area: Rect, app: &App, theme: Theme) {
    let mut state = TableState::new().with_selected(app.selected_row());
    frame.render_stateful_widget(sales::grid(app, theme).table(area.width.into()), area, &mut state);
    if app.rows().is_empty() {
        let [_, below] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
        let why = if app.filter.is_empty() { "no sales yet" } else { "no sale has these letters in its key" };
        frame.render_widget(Line::styled(why, Theme::quiet()), below);
    }
}

fn draw_keys(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let line = if app.is_filtering {
        Line::from(vec![
            Span::styled(format!("filter: {}", app.filter), Theme::title()),
            Span::styled(" ", Theme::selected()),
            Span::styled("  Enter keep  Esc drop", Theme::quiet()),
        ])
    } else if app.detail.is_some() {
        Line::styled("Esc back  ↑↓ other sale  p pause  ? help  q quit", Theme::quiet())
    } else {
        let filter = if app.filter.is_empty() { String::new() } else { format!(": {}", app.filter) };
        let keys = "q quit  ? help  ↑↓ select  Enter detail  ←→ sort  r reverse  p pause  / filter";
        Line::styled(format!("{keys}{filter}"), Theme::quiet())
    };
    frame.render_widget(line, area);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::style::Color;
    use serde_json::json;

    use super::super::app::Action;
    use super::super::sample::Sample;
    use super::super::server_figures::ServerFigures;
    use super::super::test_sale::info;
    use super::*;
    use crate::exit::Failure;

    const SECOND: Duration = Duration::from_secs(1);

    /// Sales with long names and large numbers, and servers with all that can be wrong.
    fn busy_app() -> App {
        let mut app = App::new(SECOND);
        for second in 1..=3_u64 {
            let server = |number: u64| {
                ServerFigures::read(&format!(
                    "server_time_usec:{}\r\nused_memory:123456789\r\nmaxmemory:200000000\r\nseckill_version:100\r\n\
                     seckill_orders_accepted:{}\r\nseckill_refused_soldout:{}\r\nseckill_refused_limit:{second}\r\n\
                     seckill_sales_diverged:{number}\r\nrole:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:6379\r\n",
                    second * 1_000_000,
                    second * 1_000,
                    second * 12_345,
                ))
            };
            let sale = |name: u64| {
                let fields = json!({
                    "now": second * 1_000, "orders": name * second * 1_000, "available": 1_000_000_000_u64, "room": 4_000_000,
                    "state": if name == 1 { "SOLDOUT" } else { "OPEN" },
                    "rules": { "limit": 2, "hold": 600_000, "opens": 500, "closes": 3_600_000, "attempts": 20 },
                });
                info(fields)
            };
            let mut next = Sample::of(
                [("10.0.0.1:6379", server(0)), ("10.0.0.2:6379", server(1))],
                [("a", sale(0)), ("日本酒", sale(1))],
            );
            for number in 2..20 {
                next.sales.insert(
                    format!("sale:{number}\x1b[31m:{}", "x".repeat(90)).into_bytes(),
                    Ok(sale(number)),
                );
            }
            next.sales.insert(b"gone".to_vec(), Err(Failure::Refused("NOSALE no such sale".to_owned())));
            next.servers.insert("10.0.0.3:6379".to_owned(), Err("no answer in time".to_owned()));
            app.take(Ok(next));
        }
        app
    }

    fn screen(app: &App, width: u16, height: u16, theme: Theme) -> (Vec<String>, Vec<Color>) {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, app, theme)).unwrap();
        let cells = terminal.backend().buffer().content();
        let line = |cells: &[ratatui::buffer::Cell]| {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        let colours = cells.iter().flat_map(|cell| [cell.fg, cell.bg]).collect();
        (cells.chunks(width.into()).map(line).collect(), colours)
    }

    fn has(lines: &[String], words: &str) -> bool {
        lines.iter().any(|line| line.contains(words))
    }

    #[test]
    fn a_small_screen_shows_what_matters_and_a_wide_one_all() {
        let app = busy_app();
        let (small, _) = screen(&app, 80, 24, Theme::new(true));
        for words in [
            "21 sales",
            "SALE▲",
            "LEFT",
            "WAITERS",
            "SOLDOUT 24,690",
            "sales diverged: 1",
            "q quit",
            "1,000,000,000",
        ] {
            assert!(has(&small, words), "{words}\n{}", small.join("\n"));
        }
        let (wide, _) = screen(&app, 220, 50, Theme::new(true));
        for words in
            ["BUYERS", "CLOSES", "in 59m", "HOLD", "10m", "VERSION", "117.7 MiB 61%", "NOSALE no such sale"]
        {
            assert!(has(&wide, words), "{words}\n{}", wide.join("\n"));
        }
    }

    #[test]
    fn a_sale_in_detail_says_its_rules_and_its_window() {
        let mut app = busy_app();
        app.act(Action::Open);
        let (lines, _) = screen(&app, 100, 30, Theme::new(true));
        for words in [
            "at most 2 units a buyer",
            "closes in 59m 57s",
            "Orders/s 0",
            "Refused/s of all sales 24,692",
            "Latest events",
        ] {
            assert!(has(&lines, words), "{words}\n{}", lines.join("\n"));
        }
    }

    #[test]
    fn no_screen_is_too_small() {
        let mut app = busy_app();
        let empty = App::new(SECOND);
        for action in [
            Action::Move(3),
            Action::Open,
            Action::Help,
            Action::Back,
            Action::Back,
            Action::Filter,
            Action::Type('x'),
        ] {
            for (width, height) in
                (1..13).flat_map(|width| (1..16).map(move |height| (width * 8, height * 2)))
            {
                screen(&app, width, height, Theme::new(true));
                screen(&empty, width, height, Theme::new(true));
            }
            app.act(action);
        }
    }

    #[test]
    fn nothing_is_coloured_where_colours_are_not_wanted() {
        let mut app = busy_app();
        for action in [Action::Open, Action::Help, Action::Back] {
            let (_, colours) = screen(&app, 120, 40, Theme::new(false));
            assert!(colours.iter().all(|colour| *colour == Color::Reset));
            app.act(action);
        }
        // Those of the terminal itself are readable on its background, and none of these is set.
        let (_, colours) = screen(&app, 120, 40, Theme::new(true));
        let used = [Color::Reset, Color::Green, Color::Magenta, Color::Red];
        assert!(colours.iter().all(|colour| used.contains(colour)));
    }
}
