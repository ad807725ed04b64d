//! What is shown: the model, and what the user chose to see of it.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::model::{Model, Sale};
use super::sample::Sample;
use super::sort::Sort;
use crate::names::Name;

/// The state of the view.
pub(super) struct App {
    pub(super) model: Model,
    pub(super) interval: Duration,
    pub(super) sort: Sort,
    pub(super) is_reversed: bool,
    /// Only sales whose key has this in it are listed.
    pub(super) filter: String,
    /// Keys go into the filter.
    pub(super) is_filtering: bool,
    /// The sale that is shown in detail.
    pub(super) detail: Option<Vec<u8>>,
    pub(super) is_paused: bool,
    pub(super) shows_help: bool,
    /// When the servers were last read, and why not since.
    answered: Instant,
    trouble: Option<String>,
    /// A sale, not a row: it stays selected when the rows change places.
    selected: Option<Vec<u8>>,
    /// The row that the selected sale had: the next one is selected when it is gone.
    row: usize,
}

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    /// Leaves the detail, the help or the filter.
    Back,
    /// Shows the selected sale in detail.
    Open,
    /// Selects another sale, so many rows below.
    Move(isize),
    Sort(Step),
    Reverse,
    Pause,
    Help,
    Filter,
    Type(char),
    Erase,
    /// Ends the typing.
    Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Next,
    Previous,
}

/// Whether the view goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Ends,
}

/// A sale in the table.
pub(super) type Row<'a> = (&'a [u8], &'a Sale);

/// An answer that takes longer is missed.
const LATE: Duration = Duration::from_secs(2);

/// Letters of a filter.
const MAX_FILTER: usize = 100;

impl App {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            model: Model::default(),
            interval,
            sort: Sort::default(),
            is_reversed: false,
            filter: String::new(),
            is_filtering: false,
            detail: None,
            is_paused: false,
            shows_help: false,
            answered: Instant::now(),
            trouble: None,
            selected: None,
            row: 0,
        }
    }

    /// The sales that are listed, in their order.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let filter = self.filter.to_lowercase();
        let is_listed =
            |key: &[u8]| filter.is_empty() || Name(key).to_string().to_lowercase().contains(&filter);
        let sales = self.model.sales.iter().map(|(key, sale)| (key.as_slice(), sale));
        let mut rows: Vec<Row<'_>> = sales.filter(|(key, _)| is_listed(key)).collect();
        rows.sort_by(|one, other| self.order(*one, *other));
        rows
    }

    fn order(&self, one: Row<'_>, other: Row<'_>) -> Ordering {
        let order = self.sort.order(one, other);
        let order = if self.is_reversed { order.reverse() } else { order };
        order.then_with(|| one.0.cmp(other.0))
    }

    /// The row of the selected sale.
    pub(super) fn selected_row(&self) -> usize {
        let rows = self.rows();
        let found = rows.iter().position(|(key, _)| Some(*key) == self.selected.as_deref());
        found.unwrap_or(self.row).min(rows.len().saturating_sub(1))
    }

    /// Takes over a sample, or why there is none.
    pub(super) fn take(&mut self, sample: Result<Sample, String>) {
        match sample {
            Ok(sample) => {
                self.model.apply(sample, self.interval);
                self.answered = Instant::now();
                self.trouble = None;
            }
            Err(why) => self.trouble = Some(why),
        }
    }

    /// For how long there was no answer where there should have been one, and why if that is known.
    pub(super) fn trouble(&self) -> Option<(Duration, &str)> {
        let silence = self.answered.elapsed();
        let is_late = !self.is_paused && silence > self.interval + LATE;
        match &self.trouble {
            Some(why) => Some((silence, why)),
            None => is_late.then_some((silence, "")),
        }
    }

    /// Does what the user wants.
    pub(super) fn act(&mut self, action: Action) -> Flow {
        match action {
            Action::Quit => return Flow::Ends,
            Action::Back => self.back(),
            Action::Open => self.detail = self.rows().get(self.selected_row()).map(|(key, _)| key.to_vec()),
            Action::Move(rows) => self.select(self.selected_row().saturating_add_signed(rows)),
            Action::Sort(step) => {
                self.sort = match step {
                    Step::Next => self.sort.next(),
                    Step::Previous => self.sort.previous(),
                };
                self.is_reversed = false;
            }
            Action::Reverse => self.is_reversed = !self.is_reversed,
            Action::Pause => {
                self.is_paused = !self.is_paused;
                self.answered = Instant::now();
            }
            Action::Help => self.shows_help = !self.shows_help,
            Action::Filter => self.is_filtering = true,
            Action::Type(letter) if self.filter.chars().count() < MAX_FILTER => self.filter.push(letter),
            Action::Type(_) => {}
            Action::Erase => drop(self.filter.pop()),
            Action::Keep => self.is_filtering = false,
        }
        Flow::GoesOn
    }

    fn back(&mut self) {
        // What has the keys comes first.
        if self.is_filtering {
            self.is_filtering = false;
            self.filter.clear();
        } else if self.shows_help {
            self.shows_help = false;
        } else if self.detail.is_some() {
            self.detail = None;
        } else {
            self.filter.clear();
        }
    }

    fn select(&mut self, row: usize) {
        let rows = self.rows();
        let row = row.min(rows.len().saturating_sub(1));
        self.selected = rows.get(row).map(|(key, _)| key.to_vec());
        self.row = row;
        // In the detail, the next sale is shown.
        if self.detail.is_some() {
            self.detail.clone_from(&self.selected);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_sale::info;
    use super::*;

    fn app() -> App {
        let mut app = App::new(Duration::from_secs(1));
        let sold = |units| info(json!({ "sold": units }));
        app.model
            .apply(Sample::of([], [("ale", sold(2)), ("beer", sold(9)), ("cider", sold(5))]), app.interval);
        app
    }

    fn keys(app: &App) -> Vec<&[u8]> {
        app.rows().iter().map(|(key, _)| *key).collect()
    }

    #[test]
    fn the_selected_sale_stays_selected_when_rows_change_places() {
        let mut app = app();
        app.act(Action::Move(1));
        while app.sort != Sort::Sold {
            app.act(Action::Sort(Step::Next));
        }
        assert_eq!(keys(&app), [&b"beer"[..], b"cider", b"ale"]);
        assert_eq!(app.selected_row(), 0);
        app.act(Action::Reverse);
        assert_eq!(app.selected_row(), 2);
        app.act(Action::Open);
        assert_eq!(app.detail.as_deref(), Some(&b"beer"[..]));
        app.act(Action::Move(-1));
        assert_eq!(app.detail.as_deref(), Some(&b"cider"[..]));
        app.act(Action::Move(-100));
        app.act(Action::Move(isize::MAX));
        assert_eq!(app.detail.as_deref(), Some(&b"beer"[..]));
    }

    #[test]
    fn a_filter_lists_what_has_its_letters() {
        let mut app = app();
        app.act(Action::Filter);
        for letter in "eEx".chars() {
            app.act(Action::Type(letter));
        }
        app.act(Action::Erase);
        assert_eq!(keys(&app), [b"beer"]);
        app.act(Action::Keep);
        app.act(Action::Move(1));
        app.act(Action::Open);
        assert_eq!(app.detail.as_deref(), Some(&b"beer"[..]));
        app.act(Action::Back);
        assert_eq!((app.detail.as_deref(), keys(&app).len()), (None, 1));
        app.act(Action::Back);
        assert_eq!(keys(&app).len(), 3);
    }

    #[test]
    fn back_ends_the_typing_wherever_it_was_begun() {
        for opened in [Action::Open, Action::Help] {
            let mut app = app();
            for action in [opened, Action::Filter, Action::Type('x'), Action::Back] {
                app.act(action);
            }
            assert_eq!((app.is_filtering, app.filter.as_str()), (false, ""), "{opened:?}");
            assert!(app.detail.is_some() || app.shows_help, "{opened:?}");
        }
    }

    #[test]
    fn without_sales_there_is_nothing_to_open() {
        let mut app = App::new(Duration::from_secs(1));
        for action in [Action::Move(1), Action::Move(-1), Action::Open] {
            assert_eq!(app.act(action), Flow::GoesOn);
        }
        assert_eq!(app.detail, None);
    }
}
