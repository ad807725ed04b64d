//! An installed program finds the installed module.

use std::fs;
use std::process::Command;

use super::running::User;
use crate::harness::built::built;
use crate::harness::server::module;

#[tokio::test]
async fn the_module_is_found_below_the_same_prefix() {
    let user = User::new();
    let prefix = user.home.path().canonicalize().unwrap().join("prefix");
    let (bin, modules) = (prefix.join("bin"), prefix.join("lib/redis/modules"));
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&modules).unwrap();
    fs::copy(built("seckill"), bin.join("seckill")).unwrap();
    fs::copy(module(), modules.join("seckill.so")).unwrap();

    let mut program = Command::new(bin.join("seckill"));
    let output =
        user.prepare(program.args(["incident", "--buyers", "10", "--bottles", "2"])).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let mut program = Command::new(bin.join("seckill"));
    // A name that the server refuses, so that it ends at once.
    let output = user.prepare(program.args(["serve", "--no-such-option"])).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(modules.join("seckill.so").to_str().unwrap()), "{printed}");
}

#[test]
fn a_module_that_is_named_must_exist() {
    let user = User::new();
    let output = user.program().args(["serve", "--module", "no/such.so"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("no module at no/such.so"), "{errors}");
}

#[test]
fn the_program_has_a_version() {
    let output = User::new().program().arg("--version").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, concat!("seckill ", env!("CARGO_PKG_VERSION"), "\n"));
}
