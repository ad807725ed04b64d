//! The version of the module.

use std::ffi::{CStr, c_int};

/// As INFO shows it.
pub(crate) const TEXT: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("the version has a NUL"),
    };

/// As MODULE LIST shows it: a newer version is a greater number.
pub(crate) const NUMBER: c_int = {
    let (major, minor, patch) = (
        decimal(env!("CARGO_PKG_VERSION_MAJOR")),
        decimal(env!("CARGO_PKG_VERSION_MINOR")),
        decimal(env!("CARGO_PKG_VERSION_PATCH")),
    );
    assert!(minor < 100 && patch < 100, "a part of the version has two digits at most");
    (major * 100 + minor) * 100 + patch
};

const fn decimal(digits: &str) -> c_int {
    match c_int::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => panic!("a part of the version is no number"),
    }
}
