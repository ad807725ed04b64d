//! What keys mean.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::app::{Action, App, Step};

/// Rows of a page.
const PAGE: isize = 10;

/// The keys and what they do, for people.
pub(super) const KEYS: [(&str, &str); 11] = [
    ("↑ ↓  k j", "select a sale; in its detail, show the next"),
    ("PgUp PgDn", "ten rows; Home and End: the first and the last"),
    ("Enter", "show the sale in detail"),
    ("Esc", "back; drop the filter"),
    ("← →  < >", "sort by another column"),
    ("r", "reverse the order"),
    ("/", "list only sales whose key has these letters"),
    ("p  Space", "pause: the servers are not asked meanwhile"),
    ("Ctrl-L", "draw the screen anew"),
    ("?  h", "this help"),
    ("q  Ctrl-C", "quit"),
];

/// What a key means, where the view is.
pub(super) fn action(key: KeyEvent, app: &App) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
    }
    if app.is_filtering { typed(key.code) } else { command(key.code) }
}

/// Whether the screen is to be drawn anew, for another program has written on it.
pub(super) fn is_redraw(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('l')
}

fn typed(code: KeyCode) -> Option<Action> {
    match code {
        KeyCode::Char(letter) => Some(Action::Type(letter)),
        KeyCode::Backspace => Some(Action::Erase),
        KeyCode::Enter => Some(Action::Keep),
        KeyCode::Esc => Some(Action::Back),
        other => movement(other),
    }
}

fn command(code: KeyCode) -> Option<Action> {
    Some(match code {
        KeyCode::Char('q' | 'Q') => Action::Quit,
        KeyCode::Esc | KeyCode::Backspace => Action::Back,
        KeyCode::Enter => Action::Open,
        KeyCode::Char('k') => Action::Move(-1),
        KeyCode::Char('j') => Action::Move(1),
        KeyCode::Right | KeyCode::Char('>' | 's') => Action::Sort(Step::Next),
        KeyCode::Left | KeyCode::Char('<' | 'S') => Action::Sort(Step::Previous),
        KeyCode::Char('r') => Action::Reverse,
        KeyCode::Char('p' | ' ') => Action::Pause,
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => Action::Help,
        KeyCode::Char('/') => Action::Filter,
        other => return movement(other),
    })
}

fn movement(code: KeyCode) -> Option<Action> {
    Some(match code {
        KeyCode::Up => Action::Move(-1),
        KeyCode::Down => Action::Move(1),
        KeyCode::PageUp => Action::Move(-PAGE),
        KeyCode::PageDown => Action::Move(PAGE),
        KeyCode::Home => Action::Move(isize::MIN),
        KeyCode::End => Action::Move(isize::MAX),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_letter_is_a_command_or_goes_into_the_filter() {
        let mut app = App::new(Duration::from_secs(1));
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(action(key(KeyCode::Char('q')), &app), Some(Action::Quit));
        app.act(Action::Filter);
        assert_eq!(action(key(KeyCode::Char('q')), &app), Some(Action::Type('q')));
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(interrupt, &app), Some(Action::Quit));
        assert_eq!(action(key(KeyCode::F(7)), &app), None);
    }
}
