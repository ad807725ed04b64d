//! The source files of a package, and the modules that they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use crate::graph::Graph;
use crate::imports::{Import, imports};

/// The place of a module: the names from the crate root on. The root has none.
pub type Module = Vec<String>;

/// The files of a package, by their modules: what each imports. `lib.rs` and `main.rs` are both the root.
#[derive(Debug, Default)]
pub struct Package {
    imports: BTreeMap<Module, Vec<Import>>,
}

impl Package {
    /// Reads all files below a source folder.
    pub fn read(source: &Path) -> io::Result<Self> {
        let mut package = Self::default();
        package.read_folder(source, &[])?;
        Ok(package)
    }

    /// Adds a file with some source text. Returns its child modules whose file is elsewhere: name and path.
    pub fn add(&mut self, path: &Path, module: &[String], text: &str) -> io::Result<Vec<(String, String)>> {
        let found = imports(text, module)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        self.imports.entry(module.to_vec()).or_default().extend(found.paths);
        Ok(found.elsewhere)
    }

    fn read_folder(&mut self, folder: &Path, module: &[String]) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let below = || [module, std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                self.read_folder(&path, &below())?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = if ["lib", "main", "mod"].contains(&&*name) { module.to_vec() } else { below() };
                self.read_file(&path, &module)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path, module: &[String]) -> io::Result<()> {
        for (name, place) in self.add(path, module, &fs::read_to_string(path)?)? {
            let place = path.with_file_name(place);
            let module = [module, &[name]].concat();
            match place.parent() {
                Some(folder) if place.ends_with("mod.rs") => self.read_folder(folder, &module)?,
                _ => self.read_file(&place, &module)?,
            }
        }
        Ok(())
    }

    /// Every module that is a file.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.imports.keys()
    }

    /// The files as a graph. Whoever imports what a `mod.rs` re-exports imports that `mod.rs`.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        for (from, imports) in &self.imports {
            for import in imports {
                if let Import::Own(path) = import
                    && let Some(to) = self.file_of(path).filter(|to| to != from)
                {
                    graph.add(name(from), name(&to));
                }
            }
        }
        graph
    }

    /// The paths in other packages that files below a module name.
    #[must_use]
    pub fn foreign(&self, below: &[&str]) -> BTreeSet<String> {
        let files = self.imports.iter().filter(|(module, _)| module.iter().zip(below).all(|(a, b)| a == b));
        let files = files.filter(|(module, _)| module.len() >= below.len());
        let foreign = files.flat_map(|(_, imports)| imports).filter_map(|import| match import {
            Import::Foreign(path) => Some(path.join("::")),
            Import::Own(_) => None,
        });
        foreign.collect()
    }

    /// The module that is a file and holds the item at a path.
    fn file_of(&self, path: &[String]) -> Option<Module> {
        (0..=path.len())
            .rev()
            .map(|len| path[..len].to_vec())
            .find(|module| self.imports.contains_key(module))
    }
}

/// A module as it is written in Rust.
#[must_use]
pub fn name(module: &[String]) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &str)]) -> Package {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Package::read(&folder.path().join("src")).unwrap()
    }

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        package(files).graph().edges().map(|(from, to)| format!("{from} -> {to}")).collect()
    }

    #[test]
    fn a_program_beside_its_library_is_read_too() {
        let files = [
            ("src/lib.rs", "pub mod a; use a::A;"),
            ("src/main.rs", "mod b; use b::B;"),
            ("src/a.rs", ""),
            ("src/b.rs", ""),
        ];
        assert_eq!(edges(&files), ["crate -> a", "crate -> b"]);
    }

    #[test]
    fn a_module_elsewhere_is_read_with_its_folder() {
        let files = [
            ("src/main.rs", "#[path = \"../shared/mod.rs\"] mod shared; use shared::S;"),
            ("shared/mod.rs", "mod s; use crate::T;"),
            ("shared/s.rs", "use super::U;"),
        ];
        assert_eq!(edges(&files), ["crate -> shared", "shared -> crate", "shared::s -> shared"]);
    }
}
