//! A self-contained page of HTML, for tests. It is read as XML, which is stricter. What is wrong is a panic.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node, ParsingOptions};

/// Elements that fetch or run something.
const FOREIGN: [&str; 8] = ["script", "link", "img", "image", "iframe", "object", "embed", "base"];
/// Attributes that refer to something outside the page.
const REFERRING: [&str; 8] =
    ["src", "srcset", "data", "action", "formaction", "poster", "background", "http-equiv"];

/// A page.
#[derive(Debug)]
pub struct Html<'p>(Document<'p>);

impl<'p> Html<'p> {
    /// A page that is well-formed.
    #[must_use]
    pub fn parse(text: &'p str) -> Self {
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        Self(Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error}\n{text}")))
    }

    /// It refers only to parts of itself.
    pub fn must_be_self_contained(&self) {
        let mut ids = BTreeSet::new();
        for id in self.elements().filter_map(|element| element.attribute("id")) {
            assert!(ids.insert(id), "two elements have the id {id}");
        }
        for element in self.elements() {
            let name = element.tag_name().name();
            assert!(!FOREIGN.contains(&name), "there is a {name}");
            if name == "style" {
                must_be_inline(element.text().unwrap_or_default());
            }
            for attribute in element.attributes() {
                let (name, value) = (attribute.name(), attribute.value());
                assert!(!REFERRING.contains(&name) && !name.starts_with("on"), "{name} is {value}");
                must_be_inline(value);
                match name {
                    "href" => assert!(value.strip_prefix('#').is_some_and(|id| ids.contains(id)), "{value}"),
                    "aria-labelledby" | "aria-describedby" => assert!(ids.contains(value), "{value}"),
                    _ => {}
                }
            }
        }
    }

    /// The names of the rows of all tables.
    #[must_use]
    pub fn rows(&self) -> BTreeSet<&str> {
        let heads = self.elements().filter(|cell| cell.attribute("scope") == Some("row"));
        heads.filter_map(|cell| cell.text()).collect()
    }

    /// The titles of all plots. Each has a description, too.
    #[must_use]
    pub fn plots(&self) -> Vec<&str> {
        let plots = self.elements().filter(|element| element.attribute("role") == Some("img"));
        let title = |plot| {
            assert!(!text(plot, "desc").is_empty());
            text(plot, "title")
        };
        plots.map(title).collect()
    }

    /// The terms of all lists of descriptions, and the first description of each.
    #[must_use]
    pub fn terms(&self) -> BTreeMap<&str, &str> {
        let terms = self.elements().filter(|element| element.tag_name().name() == "dt");
        terms.filter_map(|term| Some((term.text()?, term.next_sibling_element()?.text()?))).collect()
    }

    /// All text that a reader sees, and that of the style sheet.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
    }

    fn elements(&self) -> impl Iterator<Item = Node<'_, 'p>> {
        self.0.descendants().filter(Node::is_element)
    }
}

fn must_be_inline(style: &str) {
    for word in ["url(", "@import", "://"] {
        assert!(!style.contains(word), "{word} in {style}");
    }
}

/// The text of a child of this name.
fn text<'d>(parent: Node<'d, '_>, name: &str) -> &'d str {
    let child = parent.children().find(|child| child.tag_name().name() == name);
    child.and_then(|child| child.text()).unwrap_or_else(|| panic!("no {name} in {parent:?}"))
}
