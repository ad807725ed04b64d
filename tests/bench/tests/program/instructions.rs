//! `make instructions` counts, and fails when a command takes more instructions than before.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The commands that are counted, by their names in the table.
const COUNTED: [&str; 14] = [
    "HINCRBY",
    "SET NX PX",
    "UNLOCK of an absent lock (nearly a no-op)",
    "LOCK",
    "UNLOCK",
    "RENEW",
    "BUY accepted, 500 orders",
    "BUY sold out, 500 orders",
    "BUY over the limit, 500 orders",
    "BUY replayed, 500 orders",
    "BUY with LOCK and RELEASE, 500 orders",
    "CONFIRM, 500 orders",
    "CANCEL, 500 orders",
    "BUYALL accepted, 4 new sales",
];

/// Commands of the server, in which the module has little or no part.
const SERVERS_OWN: [&str; 2] = ["HINCRBY", "SET NX PX"];

fn count(table: &Path, write: bool) -> Output {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_seckill-bench"));
    bench.args(["instructions", "--quick", "--table"]).arg(table).args(write.then_some("--write"));
    bench.output().unwrap()
}

/// The table with other counts.
fn with_instructions(table: &str, change: impl Fn(&str, u64) -> u64) -> String {
    let line = |line: &str| {
        let mut fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        if let Some(instructions) = fields.get(1).and_then(|field| field.parse().ok()) {
            fields[1] = change(&fields[0], instructions).to_string();
        }
        fields.join("\t") + "\n"
    };
    table.lines().map(line).collect()
}

#[test]
fn a_workload_that_takes_more_is_named() {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped on this machine: there is no valgrind");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("table");

    let written = count(&path, true);
    assert!(written.status.success(), "{written:?}");
    let table = fs::read_to_string(&path).unwrap();
    let rows: Vec<Vec<_>> = table.lines().skip(3).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<BTreeSet<_>>(), BTreeSet::from(COUNTED));
    for row in &rows {
        let [all, in_module] = [1, 2].map(|field| row[field].parse::<u64>().unwrap());
        assert!(all > in_module, "{row:?}");
        assert!(in_module > 0 || SERVERS_OWN.contains(&row[0]), "{row:?}");
    }

    // As if all but one had taken twice as much.
    let before = |workload: &str, count| if workload == "RENEW" { count * 9 / 10 } else { count * 2 };
    fs::write(&path, with_instructions(&table, before)).unwrap();
    let compared = count(&path, false);
    assert!(!compared.status.success(), "{compared:?}");
    let error = String::from_utf8(compared.stderr).unwrap();
    assert_eq!(error, "error: more instructions than the table says: RENEW\n");
}
