//! The seeds of the fuzz targets: small inputs from which fuzzing starts. A few were written by hand; fuzzing
//! found the others, each of which reaches code that none before it did. Here every target runs once on each
//! of its seeds.

mod support;

use std::fs;
use std::path::Path;

use support::untrusted;

/// Runs a target on its seeds. When one fails, it was the last that was printed.
fn run_seeds(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        run(&fs::read(path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 50, "{seeds} seeds of {target}");
}

#[test]
fn seeds_of_arguments() {
    run_seeds("arguments", untrusted::arguments);
}

#[test]
fn seeds_of_batches() {
    run_seeds("batch", untrusted::batch);
}

#[test]
fn seeds_of_snapshots() {
    run_seeds("snapshot", untrusted::snapshot);
}
