//! `make bench-scale` can measure everything. The figures are not tested, but that nobody is refused while units are left.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_figure_is_there() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_seckill-bench"));
    let output = bench.args(["scale", "--quick", "--json"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = |path: &str| report.pointer(path).and_then(Value::as_array).unwrap();
    let tables = ["orders", "selling_out", "refusals", "footprints"];
    assert_eq!(tables.map(|table| rows(&format!("/measured/{table}")).len()), [8, 5, 6, 2]);
    for sale in rows("/measured/selling_out") {
        assert_eq!(sale["refused_too_early"]["max"], 0.0, "{sale}");
    }
    for outcome in rows("/model") {
        let (accepted, stock) = (outcome["accepted"].as_u64(), outcome["scenario"]["stock"].as_u64());
        assert!(accepted >= stock, "{outcome}");
    }
}
