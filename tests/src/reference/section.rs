//! The sections of the reference, with their lines, blocks and tables.

use std::fs;
use std::sync::LazyLock;

use crate::harness::built::workspace;
use crate::harness::markdown::{code, fenced_blocks};

const NAME: &str = "module/README.md";
static TEXT: LazyLock<String> = LazyLock::new(|| fs::read_to_string(workspace().join(NAME)).expect(NAME));

/// The part of the reference that stands under a heading, or the whole page.
#[derive(Clone, Copy)]
pub(super) struct Section {
    heading: &'static str,
    text: &'static str,
}

/// The cells of a row.
pub(super) type TableRow = Vec<&'static str>;

impl Section {
    /// The whole page.
    pub(super) fn page() -> Self {
        Self { heading: NAME, text: &TEXT }
    }

    /// The section under a heading, which is given with its marks: up to the next heading of its level or above.
    pub(super) fn section(self, heading: &str) -> Self {
        let begin = format!("\n{heading}\n");
        let at = self.text.find(&begin).unwrap_or_else(|| panic!("{} has no `{heading}`", self.heading));
        let (heading, text) = self.text[at + 1..].split_once('\n').unwrap_or_default();
        let level = heading.find(' ').expect("a heading with its marks");
        let ends = (2..=level).filter_map(|level| text.find(&format!("\n{} ", "#".repeat(level))));
        Self { heading, text: &text[..ends.min().unwrap_or(text.len())] }
    }

    /// The sections of the commands, each with the name of its command.
    pub(super) fn commands(self) -> Vec<(&'static str, Self)> {
        let headings = self.text.lines().filter(|line| line.starts_with("### SECKILL."));
        headings.map(|heading| (&heading[4..], self.section(heading))).collect()
    }

    /// The section of a command.
    pub(super) fn command(self, name: &str) -> Self {
        self.section(&format!("### {name}"))
    }

    /// The fenced blocks, without their fences.
    pub(super) fn blocks(self) -> Vec<&'static str> {
        fenced_blocks(self.text).collect()
    }

    /// The rest of the first line that begins with `begin`.
    pub(super) fn line(self, begin: &str) -> &'static str {
        let line = self.text.lines().find_map(|line| line.strip_prefix(begin));
        line.unwrap_or_else(|| panic!("{} has no line `{begin}…`", self.heading))
    }

    /// The rows of the table whose first column has this name; none when there is no such table.
    pub(super) fn rows(self, first_column: &str) -> Vec<TableRow> {
        let begin = format!("| {first_column} |");
        let head_and_rule = 2;
        let lines = self.text.lines().skip_while(|line| !line.starts_with(&begin)).skip(head_and_rule);
        lines.take_while(|line| line.starts_with('|')).map(cells).collect()
    }

    /// The rows of that table, which must exist.
    pub(super) fn table(self, first_column: &str) -> Vec<TableRow> {
        let rows = self.rows(first_column);
        assert!(!rows.is_empty(), "{} has no table of `{first_column}`", self.heading);
        rows
    }

    /// What stands in code font in the first column of that table, which must exist.
    pub(super) fn column(self, first_column: &str) -> Vec<&'static str> {
        self.table(first_column).iter().flat_map(|row| code(row[0])).collect()
    }
}

fn cells(line: &'static str) -> TableRow {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(str::trim).collect()
}

/// The same items in their natural order.
pub(super) fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}
