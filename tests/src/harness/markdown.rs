//! Pages in Markdown.

/// The fenced blocks of a page, without their fences.
pub(crate) fn fenced_blocks(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    // The first line is the rest of the opening fence: the language.
    blocks.map(|block| block.split_once('\n').map_or("", |(_, lines)| lines))
}

/// What stands in code font in a line.
pub(crate) fn code(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}
