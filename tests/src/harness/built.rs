//! The files that `make build` makes.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file that `make build` makes.
pub(crate) fn built(name: &str) -> PathBuf {
    let path = workspace().join("target/release").join(name);
    assert!(path.exists(), "{} is missing: run `make build`", path.display());
    path
}
