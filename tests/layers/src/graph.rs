//! Files as a graph: an edge leads from a file to one that it imports.

use std::collections::{BTreeMap, BTreeSet};

/// Who imports whom.
#[derive(Debug, Default)]
pub struct Graph {
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Adds an import.
    pub fn add(&mut self, from: String, to: String) {
        self.edges.entry(from).or_default().insert(to);
    }

    /// Every import: from whom, of whom.
    pub fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        self.edges.iter().flat_map(|(from, to)| to.iter().map(|to| (&**from, &**to)))
    }

    /// A path that ends where it begins, if there is one.
    #[must_use]
    pub fn cycle(&self) -> Option<Vec<&str>> {
        let mut done = BTreeSet::new();
        self.edges.keys().find_map(|from| self.cycle_from(from, &mut Vec::new(), &mut done))
    }

    fn cycle_from<'g>(
        &'g self,
        file: &'g str,
        path: &mut Vec<&'g str>,
        done: &mut BTreeSet<&'g str>,
    ) -> Option<Vec<&'g str>> {
        if let Some(begin) = path.iter().position(|other| *other == file) {
            return Some([&path[begin..], &[file]].concat());
        }
        if done.contains(file) {
            return None;
        }
        path.push(file);
        let below = self.edges.get(file).into_iter().flatten();
        let cycle = below.into_iter().find_map(|to| self.cycle_from(to, path, done));
        path.pop();
        done.insert(file);
        cycle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        edges.iter().for_each(|(from, to)| graph.add((*from).to_owned(), (*to).to_owned()));
        graph
    }

    #[test]
    fn two_ways_to_one_file_are_no_cycle() {
        assert_eq!(graph(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]).cycle(), None);
    }

    #[test]
    fn a_cycle_is_found_wherever_it_begins() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]);
        assert_eq!(graph.cycle(), Some(vec!["b", "c", "d", "b"]));
    }
}
