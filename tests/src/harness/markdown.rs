//! Pages in Markdown.

/// The fenced blocks of a page, without their fences.
pub(crate) fn fenced_blocks(page: &str) -> impl Iterator<Item = &str> {
    languages_and_blocks(page).map(|(_, lines)| lines)
}

/// The fenced blocks in a language.
pub(crate) fn blocks_in<'p>(page: &'p str, language: &str) -> impl Iterator<Item = &'p str> {
    languages_and_blocks(page).filter(move |(name, _)| *name == language).map(|(_, lines)| lines)
}

/// The rest of the opening fence is the language.
fn languages_and_blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap_or_default())
}

/// What stands in code font in a line.
pub(crate) fn code(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}
