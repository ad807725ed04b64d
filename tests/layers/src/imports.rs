//! The paths that a file names: in `use` lines, in code, and in the arguments of macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, ItemMod, ItemUse, Lit, Macro, Path, UseTree};

/// A path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Import {
    /// In the same package, from the crate root on.
    Own(Vec<String>),
    /// In another package.
    Foreign(Vec<String>),
}

/// What a file names.
#[derive(Debug, Default)]
pub struct Imports {
    /// The paths, in the order of the text.
    pub paths: Vec<Import>,
    /// Child modules whose file is elsewhere, by `#[path]`: name and path.
    pub elsewhere: Vec<(String, String)>,
}

/// What some source text names; `module` is the module that the text is.
pub fn imports(text: &str, module: &[String]) -> syn::Result<Imports> {
    let file = syn::parse_file(text)?;
    let elsewhere = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) => Some((module.ident.to_string(), path_attribute(module)?)),
        _ => None,
    });
    let elsewhere = elsewhere.collect();
    let children = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
        _ => None,
    });
    let mut visitor =
        Visitor { module: module.to_vec(), children: children.collect(), depth: module.len(), found: vec![] };
    visitor.visit_file(&file);
    Ok(Imports { paths: visitor.found, elsewhere })
}

/// What `#[path = "…"]` says.
fn path_attribute(module: &ItemMod) -> Option<String> {
    let attribute = module.attrs.iter().find(|attribute| attribute.path().is_ident("path"))?;
    match &attribute.meta.require_name_value().ok()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
        _ => None,
    }
}

struct Visitor {
    /// The module that is visited, which may be within the file.
    module: Vec<String>,
    /// Modules that the file declares, and which are files of their own.
    children: Vec<String>,
    /// The length of the path of the file's own module.
    depth: usize,
    found: Vec<Import>,
}

impl Visitor {
    fn add(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let is_child = self.module.len() == self.depth && self.children.contains(first);
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        let import = match &**first {
            "crate" => Import::Own(path[1..].to_vec()),
            "self" => Import::Own([&self.module, &path[1..]].concat()),
            "super" => {
                let above = self.module.len().saturating_sub(supers);
                Import::Own([&self.module[..above], &path[supers..]].concat())
            }
            _ if is_child => Import::Own([&self.module[..], path].concat()),
            _ => Import::Foreign(path.to_vec()),
        };
        self.found.push(import);
    }

    fn add_tree(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_tree(before, &path.tree);
                before.pop();
            }
            UseTree::Name(name) => self.add_leaf(before, &name.ident.to_string()),
            UseTree::Rename(rename) => self.add_leaf(before, &rename.ident.to_string()),
            UseTree::Glob(_) => self.add(before),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }

    fn add_leaf(&mut self, before: &[String], name: &str) {
        let leaf = if name == "self" { vec![] } else { vec![name.to_owned()] };
        self.add(&[before, &leaf].concat());
    }

    /// Paths in the arguments of a macro, which are tokens: those that begin with `crate`, `self` or `super`.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut joined = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if joined && !path.is_empty() => path.push(ident.to_string()),
                TokenTree::Ident(ident) => {
                    self.finish(&mut path);
                    if ["crate", "self", "super"].contains(&&*ident.to_string()) {
                        path.push(ident.to_string());
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    joined = true;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.finish(&mut path);
                    self.add_tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.finish(&mut path),
            }
            joined = false;
        }
        self.finish(&mut path);
    }

    fn finish(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.add(path);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.add_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    /// The rules of a macro are expanded elsewhere, with the imports of that place.
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if item.ident.is_none() {
            visit::visit_item_macro(self, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, module: &[&str]) -> Vec<String> {
        let module: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
        let found = imports(text, &module).unwrap().paths;
        let show = |import| match import {
            Import::Own(path) => format!("own {}", path.join("::")),
            Import::Foreign(path) => path.join("::"),
        };
        found.into_iter().map(show).collect()
    }

    #[test]
    fn of_use_lines() {
        let text =
            "use crate::a::{self, B, c::D as E}; use super::f; pub use child::G; use std::fmt; mod child;";
        let expected = ["own a", "own a::B", "own a::c::D", "own x::f", "own x::y::child::G", "std::fmt"];
        assert_eq!(found(text, &["x", "y"]), expected);
    }

    #[test]
    fn of_code_and_macros() {
        let text = "fn f() -> super::T { child::g(); println!(\"{}\", [crate::h::K]); } mod child;";
        assert_eq!(found(text, &["x"]), ["own T", "own x::child::g", "own h::K"]);
    }

    #[test]
    fn of_modules_within_a_file() {
        let text = "mod tests { use super::*; use super::super::a; }";
        assert_eq!(found(text, &["x"]), ["own x", "own a"]);
    }
}
