//! `make bench` can measure everything that it compares. The times are not tested.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use seckill_page::html::Html;
use serde_json::Value;

/// The workloads that every server can run, by their names in the report.
const EVERYWHERE: [&str; 11] = [
    "HINCRBY",
    "SET NX PX",
    "XADD",
    "Lua: check-and-decrement",
    "Lua: compare-and-delete",
    "Lua: compare-and-expire",
    "UNLOCK of an absent lock (nearly a no-op)",
    "LOCK",
    "UNLOCK",
    "RENEW",
    "BUY in turn, 4 new sales",
];
/// The workloads of some servers only, or of modules of others.
const SOMEWHERE: [&str; 4] = ["DELEX IFEQ", "DELIFEQ", "TairString: CAD", "TairString: EXINCRBY"];
/// The workloads on sales: by Seckill and by scripts, on new and on grown sales.
const ON_SALES: [&str; 7] = [
    "BUY accepted",
    "BUY sold out",
    "BUY over the limit",
    "BUY replayed",
    "BUY with LOCK and RELEASE",
    "CONFIRM",
    "CANCEL",
];
const SIZES: [&str; 2] = ["new sale", "10,000 orders"];

/// The workloads on several sales, by Seckill and by scripts.
const ON_BUNDLES: [&str; 5] = [
    "BUYALL accepted, 1 new sale",
    "BUYALL accepted, 4 new sales",
    "BUYALL accepted, 16 new sales",
    "BUYALL one sold out, 4 new sales",
    "BUYALL replayed, 4 new sales",
];

/// Six ratios in two passes; two ratios and a latency of buyers who wait in line; time and memory of three kinds of
/// sales, with limits of memory for two; two small sizes; three ways to load; two ways to delete.
const GOALS: usize = 12 + 3 + 8 + 2 + 3 + 2;
/// The kinds of sales that grow.
const GROWING: [&str; 3] = ["UUID ids", "36-byte ids", "UUID ids, held"];
/// The measurements of a whole sale.
const STORED: [&str; 5] = [
    "RDB save (SAVE)",
    "RDB load",
    "full resync of a new replica",
    "AOF replay, purchase by purchase",
    "load of a rewritten AOF",
];
/// How a sale is deleted.
const REMOVED: [&str; 3] = ["UNLINK", "DEL, lazyfree-lazy-user-del yes", "DEL, lazyfree-lazy-user-del no"];

fn expected() -> BTreeSet<String> {
    let on_sales = ON_SALES.iter().flat_map(|name| SIZES.map(|size| format!("{name}, {size}")));
    let on_bundles = ON_BUNDLES.into_iter().map(str::to_owned);
    let in_both_ways = on_sales.chain(on_bundles).flat_map(|name| [format!("Lua: {name}"), name]);
    EVERYWHERE.into_iter().chain(SOMEWHERE).map(str::to_owned).chain(in_both_ways).collect()
}

fn list<'r>(report: &'r Value, field: &str) -> &'r [Value] {
    report[field].as_array().unwrap_or_else(|| panic!("no {field} in {report}"))
}

fn names<'r>(rows: &'r [Value], field: &str) -> Vec<&'r str> {
    rows.iter().map(|row| row[field].as_str().unwrap_or_else(|| panic!("no {field} in {row}"))).collect()
}

fn must_be_positive(row: &Value, field: &str) {
    let figure = row[field].as_f64().or_else(|| row[field]["median"].as_f64());
    assert!(figure.is_some_and(|figure| figure > 0.0), "{field} of {row}");
}

/// Times are not tested, but memory depends on the sale alone.
fn must_be_within_limits(grown: &Value) {
    let points = list(grown, "points");
    let orders: Vec<_> = points.iter().map(|point| point["orders"].as_u64().unwrap()).collect();
    assert_eq!(orders, [1_000, 2_000, 5_000, 10_000]);
    for point in points {
        must_be_positive(point, "us");
        must_be_positive(point, "slowest_us");
    }
    let figure = |row: &Value, field: &str| row[field].as_f64().unwrap();
    // With fewer orders the server's buffers weigh in.
    let large = &points[3];
    let ratio = figure(large, "bytes") / figure(large, "used_bytes");
    assert!((ratio - 1.0).abs() < 0.1, "MEMORY USAGE is not what the server uses: {large}");
    if let Some(most) = grown["most_bytes"].as_f64() {
        assert!(figure(grown, "bytes") <= most, "{grown}");
    }
}

/// The goal is for all memory that the server uses.
fn must_be_small(small: &Value) {
    must_be_positive(small, "bytes");
    let used = small["used_bytes"].as_f64().unwrap();
    assert!(used > 0.0 && small["most_bytes"].as_f64().is_none_or(|most| used <= most), "{small}");
}

/// The program itself checks every reply, and that the buyers of the contention sell exactly the stock.
#[test]
fn everything_can_be_measured() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("reports/bench.html");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_seckill-bench"));
    let output = bench.args(["--quick", "--json", "--page"]).arg(&page).output().unwrap();
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{errors}");
    let report: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));

    let passes = list(&report, "passes");
    assert_eq!(names(passes, "pass"), ["alone", "with AOF and replica"]);
    for pass in passes {
        let (workloads, skipped) = (list(pass, "workloads"), list(pass, "skipped"));
        let skipped = names(skipped, "workload");
        assert!(skipped.iter().all(|name| SOMEWHERE.contains(name)), "{skipped:?}");
        let all = names(workloads, "workload").into_iter().chain(skipped).map(str::to_owned);
        assert_eq!(all.collect::<BTreeSet<_>>(), expected());
        for workload in workloads {
            for figure in ["us", "command_us", "cpu_us", "calls_per_second", "floors"] {
                must_be_positive(workload, figure);
            }
            for beside in list(workload, "beside") {
                must_be_positive(beside, "ratio");
            }
        }
    }
    let goals = list(&report, "goals");
    assert_eq!(goals.len(), GOALS, "{goals:?}");
    for goal in goals {
        must_be_positive(goal, "figure");
        assert!(goal["to_reach"].is_number() || goal["aim"].is_number(), "{goal}");
    }
    let contention = list(&report, "contention");
    let ways = BTreeSet::from_iter(names(contention, "way"));
    assert_eq!(
        (ways.len(), contention.len()),
        (6, 11),
        "each over one and over many connections, but for who waits"
    );
    for way in contention {
        must_be_positive(way, "orders_per_second");
        let latencies = list(way, "latencies");
        assert!(latencies.is_sorted_by_key(|step| step[1].as_u64()), "{way}");
        assert_eq!(latencies.last().map(|step| &step[0]), Some(&1.0.into()), "{way}");
    }
    let growth = list(&report, "growth");
    assert_eq!(names(growth, "sale"), GROWING);
    growth.iter().for_each(must_be_within_limits);
    let small_sales = list(&report, "small_sales");
    let sizes: Vec<_> = small_sales.iter().map(|small| small["orders"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [1, 5, 20, 100]);
    small_sales.iter().for_each(must_be_small);
    let storage = list(&report, "storage");
    assert_eq!(names(storage, "what"), STORED);
    for stored in storage {
        must_be_positive(stored, "orders_per_second");
    }
    let removal = list(&report, "removal");
    assert_eq!(names(removal, "way"), REMOVED);
    for removed in removal {
        must_be_positive(removed, "wait_us");
    }
    assert!(errors.contains(page.to_str().unwrap()), "where the page is: {errors}");
    must_show(&fs::read_to_string(&page).unwrap(), &report);
}

/// The page shows what the report has.
fn must_show(page: &str, report: &Value) {
    let page = Html::parse(page);
    page.must_be_self_contained();
    let workloads = list(report, "passes").iter().flat_map(|pass| names(list(pass, "workloads"), "workload"));
    let ways = names(list(report, "contention"), "way");
    for name in workloads.chain(ways).chain(GROWING).chain(STORED).chain(REMOVED) {
        assert!(page.rows().contains(name), "{name} is not on the page");
    }
    let plots =
        ["Latency, 1 connection", "Latency, 64 connections", "Time of a purchase", "Memory of an order"];
    assert_eq!(page.plots(), plots);
}
