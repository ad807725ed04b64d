//! The seeds of the fuzz targets, done once: some small inputs from which fuzzing goes on. A few were written by
//! hand; fuzzing found the others, and each leads where none before it did.

#[path = "support/hostile.rs"]
mod hostile;

use std::fs;
use std::path::Path;

/// Does what a target does with each of its seeds. When one fails, it was the last that was printed.
fn grow(target: &str, what_it_does: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        what_it_does(&fs::read(path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 50, "{seeds} seeds of {target}");
}

#[test]
fn of_arguments() {
    grow("arguments", hostile::arguments);
}

#[test]
fn of_batches() {
    grow("batch", hostile::batch);
}

#[test]
fn of_snapshots() {
    grow("snapshot", hostile::snapshot);
}
