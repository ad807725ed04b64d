//! Small libraries in C, for what a test cannot do from outside of the server.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Compiles a source to a library.
pub(crate) fn compile(source: &str, library: &Path) {
    let file = library.with_extension("c");
    fs::write(&file, source).unwrap();
    let status = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(library).arg(file).status();
    assert!(status.expect("cc, which Rust needs, too").success());
}
