//! Colours and attributes. They are those of the terminal, so that they read well on a light and on a dark background.

use ratatui::style::{Color, Modifier, Style};
use seckill_client::Phase;

/// Styles, with colours or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    has_colours: bool,
}

impl Theme {
    pub(crate) fn new(has_colours: bool) -> Self {
        Self { has_colours }
    }

    fn colour(self, colour: Color) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new() }
    }

    pub(super) fn title() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn heading() -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    pub(super) fn selected() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn quiet() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn alert(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn sold(self) -> Style {
        self.colour(Color::Green)
    }

    pub(super) fn held(self) -> Style {
        self.colour(Color::Magenta)
    }

    pub(super) fn orders(self) -> Style {
        self.colour(Color::Green)
    }

    pub(super) fn refused(self) -> Style {
        self.colour(Color::Red)
    }

    pub(super) fn phase(self, phase: &Phase) -> Style {
        match phase {
            Phase::Open => self.colour(Color::Green).add_modifier(Modifier::BOLD),
            Phase::SoldOut => self.colour(Color::Magenta).add_modifier(Modifier::BOLD),
            Phase::Closed => Self::quiet(),
            _ => Style::new(),
        }
    }
}
