//! Links lead somewhere.

use std::fs;
use std::path::Path;

use crate::harness::built::workspace;

const PAGES: [&str; 4] = ["README.md", "module/README.md", "client/README.md", "client/cli/README.md"];

/// What follows `](` up to the closing bracket.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect()
}

fn has_anchor(page: &Path, wanted: &str) -> bool {
    let text = fs::read_to_string(page).unwrap();
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted)
}

#[test]
fn lead_to_pages_and_headings_that_exist() {
    for name in PAGES {
        let page = workspace().join(name);
        let text = fs::read_to_string(&page).expect(name);
        for link in links(&text).filter(|link| !link.starts_with("https://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(target.exists(), "{name}: {link}");
            assert!(heading.is_empty() || has_anchor(&target, heading), "{name}: {link}");
        }
    }
}
