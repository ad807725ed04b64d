//! The keys, over the rest of the view.

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::theme::Theme;
use crate::top::input::KEYS;

const WIDTH: u16 = 68;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let bar = vec![
        Span::styled("██", theme.sold()),
        Span::raw(" sold  "),
        Span::styled("▒▒", theme.held()),
        Span::raw(" held  "),
        Span::styled("··", Theme::quiet()),
        Span::raw(" left"),
    ];
    let mut lines: Vec<Line<'_>> = KEYS
        .iter()
        .map(|(keys, does)| {
            Line::from(vec![Span::styled(format!(" {keys:<12}"), Theme::title()), Span::raw(*does)])
        })
        .collect();
    lines.push(Line::default());
    lines.push(Line::from([vec![Span::raw(" Stock:      ")], bar].concat()));
    lines.push(Line::from(" Rates are per second. A trend is relative to its own highest rate."));
    lines.push(Line::from(" Refusals are counted by each server, not by sale."));
    let height = lines.len() as u16 + 2;
    let [area] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [area] = Layout::horizontal([Constraint::Length(WIDTH)]).flex(Flex::Center).areas(area);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Keys ")), area);
}
