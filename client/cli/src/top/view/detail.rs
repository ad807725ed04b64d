//! One sale in detail.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline};
use seckill_client::{Event, EventKind, Info};

use super::stock;
use super::theme::Theme;
use crate::count::count;
use crate::names::Name;
use crate::sale::rules_in_words;
use crate::times;
use crate::top::app::App;
use crate::top::follow::History;
use crate::top::format::{self, length, number, rate};
use crate::top::model::Sale;
use crate::top::series::Series;

/// From this width on, two charts are side by side.
const WIDE: u16 = 100;
/// Lines of a chart with its title.
const CHART: u16 = 7;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, key: &[u8], app: &App, theme: Theme) {
    let Some(sale) = app.model.sales.get(key) else {
        let gone = format!("{}: there is no such sale any more", Name(key));
        frame.render_widget(Line::styled(gone, theme.alert()), area);
        return;
    };
    let history = app.model.history.as_ref().filter(|(of, _)| of == key).map(|(_, history)| history);
    let mut lines = vec![heading(key, sale, theme)];
    if let Some(info) = &sale.info {
        lines.push(stock::bar(info, area.width.into(), theme));
        lines.extend(figures(info, history));
    }
    let height = lines.len() as u16;
    let chart = if area.height > height + CHART + 3 { CHART } else { 0 };
    let [facts, charts, events] =
        Layout::vertical([Constraint::Length(height), Constraint::Length(chart), Constraint::Fill(1)])
            .areas(area);
    frame.render_widget(Paragraph::new(lines), facts);
    draw_charts(frame, charts, sale, app, theme);
    draw_events(frame, events, history, theme);
}

fn heading(key: &[u8], sale: &Sale, theme: Theme) -> Line<'static> {
    let mut words = vec![Span::styled(Name(key).to_string(), Theme::title()), Span::raw("  ")];
    match &sale.info {
        Some(info) if info.diverged => {
            words.push(Span::styled("DIVERGED: this copy decides nothing", theme.alert()));
        }
        Some(info) => words.push(Span::styled(info.state.to_string(), theme.phase(&info.state))),
        None => {}
    }
    if let Some(problem) = &sale.problem {
        words.push(Span::styled(format!("  {problem}"), theme.alert()));
    }
    Line::from(words)
}

fn figures(info: &Info, history: Option<&Result<History, String>>) -> Vec<Line<'static>> {
    let total = stock::total(info);
    let percent = if total == 0 { 0.0 } else { info.sold as f64 * 100.0 / total as f64 };
    let line = |name: &str, value: String| {
        Line::from(vec![Span::styled(format!("{name:<8}"), Theme::quiet()), Span::raw(value)])
    };
    let [sold, held, left, total] = [info.sold, info.held, info.available, total].map(number);
    let mut lines = vec![
        line("stock", format!("{sold} sold ({percent:.1} %)   {held} held   {left} left   of {total}")),
        line(
            "orders",
            format!(
                "{} by {} buyers   room for {} more",
                number(info.orders),
                number(info.buyers),
                number(info.room.into())
            ),
        ),
        line("rules", rules_in_words(&info.rules)),
    ];
    if info.rules.opens > 0 || info.rules.closes > 0 {
        let moments = [("opens", info.rules.opens), ("closes", info.rules.closes)];
        let words = moments.iter().filter(|(_, at)| *at > 0).map(|(what, at)| moment(what, *at, info.now));
        lines.push(line("window", words.collect::<Vec<_>>().join("   ")));
    }
    if !info.rules.hold.is_zero() || info.held > 0 {
        lines.push(line("holds", due(info, history)));
    }
    lines
}

fn moment(what: &str, at: u64, now: u64) -> String {
    let instant = times::instant(at / 1000 * 1000);
    let instant = instant.replace(".000Z", "Z");
    let away = length(at.abs_diff(now));
    if at > now { format!("{what} in {away} ({instant})") } else { format!("{what} {away} ago ({instant})") }
}

/// When the holds fall due, as far as the events say that were read.
fn due(info: &Info, history: Option<&Result<History, String>>) -> String {
    let due = match history {
        _ if info.held == 0 => return "no units are held".to_owned(),
        None => return "reading the events".to_owned(),
        Some(Err(problem)) => return format!("cannot read the events: {problem}"),
        Some(Ok(history)) => &history.due,
    };
    if due.unread > 0 {
        return format!("reading the events, {} to go", number(due.unread));
    }
    let mut words = Vec::new();
    if let Some(next) = due.next {
        // A deadline that is not known may be earlier.
        let at = if due.unknown > 0 { "within" } else { "in" };
        words.push(format!("next due {at} {}", length(next.saturating_sub(info.now))));
    }
    let parts = [(due.within_a_minute, "within 1m"), (due.later, "later"), (due.unknown, "in older events")];
    words.extend(
        parts
            .iter()
            .filter(|(units, _)| *units > 0)
            .map(|(units, when)| format!("{} {when}", number(*units))),
    );
    words.join("   ")
}

fn draw_charts(frame: &mut Frame<'_>, area: Rect, sale: &Sale, app: &App, theme: Theme) {
    let orders =
        |frame: &mut Frame<'_>, area| chart(frame, area, "Orders/s", &sale.orders, app, theme.orders());
    if area.width < WIDE {
        return orders(frame, area);
    }
    let [left, _, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)]).areas(area);
    orders(frame, left);
    chart(frame, right, "Refused/s of all sales", &app.model.refused, app, theme.refused());
}

/// All that is remembered of a rate, the latest on the right.
fn chart(frame: &mut Frame<'_>, area: Rect, name: &str, series: &Series, app: &App, style: Style) {
    let [title, bars] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let width = usize::from(area.width);
    let means = series.means(width);
    let shown = length(app.interval.as_millis() as u64 * series.len() as u64);
    let words = format!("{name} {}   highest {}   in {shown}", rate(series.latest()), rate(series.highest()));
    frame.render_widget(Line::styled(words, Theme::heading()), title);
    let missing = std::iter::repeat_n(None, width.saturating_sub(means.len()));
    let data: Vec<Option<u64>> =
        missing.chain(means.into_iter().map(|rate| rate.map(|rate| (rate * 100.0) as u64))).collect();
    frame.render_widget(Sparkline::default().data(data).style(style), bars);
}

fn draw_events(frame: &mut Frame<'_>, area: Rect, history: Option<&Result<History, String>>, theme: Theme) {
    let mut lines = vec![Line::styled("Latest events", Theme::heading())];
    match history {
        None => lines.push(Line::styled("reading …", Theme::quiet())),
        Some(Err(problem)) => lines.push(Line::styled(problem.clone(), theme.alert())),
        Some(Ok(history)) => lines.extend(history.latest.iter().take(area.height.into()).map(event)),
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn event(event: &Event) -> Line<'static> {
    let when = format::time_of_day(event.at);
    let what = match &event.kind {
        EventKind::Created { qty, .. } => format!("CREATED    {}", count(number(*qty), "unit")),
        EventKind::Altered { rules } => format!("ALTERED    {}", rules_in_words(rules)),
        EventKind::Restocked { qty, id } => {
            let sign = if *qty < 0 { "-" } else { "+" };
            let id = id.as_deref().map(|id| Name(id).to_string()).unwrap_or_default();
            format!("RESTOCKED  {sign}{}  {id}", count(number(qty.unsigned_abs()), "unit"))
        }
        EventKind::Order { state, order, buyer, qty, .. } => {
            let (order, buyer) = (Name(order), Name(buyer));
            format!("{:<9}  {} × {buyer}  {order}", state.as_str(), number((*qty).into()))
        }
        other => format!("{other:?}"),
    };
    Line::from(vec![
        Span::styled(format!("{when}  {:>9}  ", number(event.seq)), Theme::quiet()),
        Span::raw(what),
    ])
}
