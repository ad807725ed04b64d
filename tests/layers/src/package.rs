//! The source files of a package, and the modules that they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::graph::Graph;
use crate::imports::{Import, imports};

/// The place of a module: the names from the crate root on. The root has none.
pub type Module = Vec<String>;

/// The files of a package, by their modules.
#[derive(Debug, Default)]
pub struct Package {
    files: BTreeMap<Module, PathBuf>,
    imports: BTreeMap<Module, Vec<Import>>,
}

impl Package {
    /// Reads all files below a source folder.
    pub fn read(source: &Path) -> io::Result<Self> {
        let mut package = Self::default();
        package.read_folder(source, &[])?;
        Ok(package)
    }

    /// Adds a file with some source text.
    pub fn add(&mut self, path: PathBuf, module: Module, text: &str) -> io::Result<()> {
        let found = imports(text, &module)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        for child in found.elsewhere {
            self.files.insert([&module[..], &[child]].concat(), path.clone());
        }
        self.imports.insert(module.clone(), found.paths);
        self.files.insert(module, path);
        Ok(())
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
                let text = fs::read_to_string(&path)?;
                self.add(path, module, &text)?;
            }
        }
        Ok(())
    }

    /// Every module that is a file.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys()
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
        (0..=path.len()).rev().map(|len| path[..len].to_vec()).find(|module| self.files.contains_key(module))
    }
}

/// A module as it is written in Rust.
#[must_use]
pub fn name(module: &[String]) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}
