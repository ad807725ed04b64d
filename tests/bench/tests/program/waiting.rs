//! `make waiting` can measure everything. The figures are not tested.

use std::process::Command;

#[test]
fn every_table_has_its_rows() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_seckill-bench"));
    let output = bench.args(["waiting", "--quick"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix('│')?.split('┆').next()).collect();
    let names: Vec<_> = names.into_iter().map(str::trim).collect();
    let expected = [
        &["readers", "0", "2", "20"][..],
        &["in line", "2", "10", "50"],
        &["", "50 connections, idle", "all leases end, nobody waits", "all wait", "all leases end, all wait"],
    ];
    assert_eq!(names, expected.concat());
}
