//! The layers of this workspace. A file that is named here is a module: `redis` stands for the folder
//! `redis/`.

use std::collections::BTreeSet;
use std::path::Path;

use seckill_layers::package::Package;

/// Every folder of sources with modules.
const PACKAGES: &[&str] = &[
    "module/core/src",
    "module/core/tests/model",
    "module/core/tests/rules",
    "module/core/tests/simulator",
    "module/core/tests/waiting",
    "module/src",
    "client/src",
    "client/cli/src",
    "client/launcher/src",
    "client/page/src",
    "tests/src",
    "tests/bench/src",
    "tests/bench/tests/program",
    "tests/layers/src",
];

/// What each folder or file of the core may import.
const CORE: &[(&str, &[&str])] = &[
    ("format", &[]),
    ("protocol", &["format"]),
    ("storage", &["protocol"]),
    ("sale", &["storage", "protocol", "format"]),
    ("lock", &["protocol"]),
    ("deadlines", &["protocol"]),
    ("clock", &["protocol"]),
    ("waiting", &["lock", "deadlines", "protocol"]),
    ("crate", &["sale", "storage"]),
];

/// What each folder or file of the module may import.
const MODULE: &[(&str, &[&str])] = &[
    ("redis", &[]),
    ("clocks", &["redis"]),
    ("configs", &["redis"]),
    ("counters", &[]),
    ("version", &[]),
    ("eviction", &["configs", "counters", "redis"]),
    ("persistence", &["redis"]),
    ("replicas", &["redis"]),
    ("key_name", &[]),
    ("schedule", &["clocks", "key_name", "redis"]),
    ("lines", &["clocks", "key_name", "redis"]),
    ("deliveries", &["lines", "redis"]),
    ("readers", &["key_name", "redis"]),
    ("stored", &["schedule", "redis"]),
    (
        "commands",
        &[
            "stored",
            "schedule",
            "lines",
            "deliveries",
            "readers",
            "key_name",
            "clocks",
            "configs",
            "counters",
            "eviction",
            "persistence",
            "replicas",
            "redis",
        ],
    ),
    (
        "hooks",
        &[
            "commands",
            "stored",
            "schedule",
            "lines",
            "deliveries",
            "readers",
            "clocks",
            "configs",
            "counters",
            "eviction",
            "persistence",
            "replicas",
            "version",
            "redis",
        ],
    ),
];

fn package(source: &str) -> Package {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let package = Package::read(&root.join(source)).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert!(package.modules().count() > 1, "{source} has no files");
    package
}

#[test]
fn no_two_files_import_each_other() {
    let cycles: Vec<String> = PACKAGES
        .iter()
        .filter_map(|source| Some(format!("{source}: {}", package(source).graph().cycle()?.join(" -> "))))
        .collect();
    assert!(cycles.is_empty(), "{cycles:#?}");
}

/// Imports that the rules do not allow.
fn violations(package: &Package, rules: &[(&str, &[&str])]) -> Vec<String> {
    fn layer(module: &str) -> &str {
        module.split("::").next().unwrap_or(module)
    }
    let allows = |from: &str, to: &str| {
        let rule = rules.iter().find(|(layer, _)| *layer == from);
        rule.is_some_and(|(_, below)| below.contains(&to))
    };
    let graph = package.graph();
    let edges = graph.edges().filter(|(from, to)| layer(from) != layer(to));
    edges
        .filter(|(from, to)| !allows(layer(from), layer(to)))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect()
}

#[test]
fn every_layer_imports_only_those_below_it() {
    for (source, rules) in [("module/core/src", CORE), ("module/src", MODULE)] {
        let package = package(source);
        assert_eq!(violations(&package, rules), [""; 0], "{source}");
        // A rule about what does not exist proves nothing.
        let layers: BTreeSet<&str> =
            package.modules().map(|module| module.first().map_or("crate", |name| name)).collect();
        let unknown: Vec<_> = rules.iter().filter(|(layer, _)| !layers.contains(layer)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

/// What files below a module import of a crate, or of a module of one.
fn foreign(source: &str, below: &[&str], of: &str) -> Vec<String> {
    package(source).foreign(below).into_iter().filter(|path| is_in(path, of)).collect()
}

fn is_in(path: &str, of: &str) -> bool {
    path == of || path.starts_with(&format!("{of}::"))
}

#[test]
fn the_wrappers_of_the_server_know_nothing_of_sales() {
    assert_eq!(foreign("module/src", &["redis"], "seckill_core"), [""; 0]);
    assert!(!foreign("module/src", &["commands"], "seckill_core").is_empty(), "the check sees imports");
}

#[test]
fn only_the_wrappers_use_the_api_of_the_server() {
    for (folder, _) in MODULE.iter().filter(|(folder, _)| *folder != "redis") {
        assert_eq!(foreign("module/src", &[folder], "redis_module"), [""; 0], "{folder}");
    }
    assert!(!foreign("module/src", &["redis"], "redis_module").is_empty(), "the check sees imports");
}

#[test]
fn the_core_knows_no_server_and_no_clock() {
    for of in [
        "redis",
        "redis_module",
        "std::env",
        "std::fs",
        "std::io",
        "std::net",
        "std::process",
        "std::thread",
        "std::time",
    ] {
        assert_eq!(foreign("module/core/src", &[], of), [""; 0], "{of}");
    }
}

#[test]
fn the_client_knows_the_protocol_alone() {
    let imports = foreign("client/src", &[], "seckill_core");
    assert!(!imports.is_empty(), "the check sees imports");
    // The servers of a simulation are sales of the core.
    let simulated = foreign("client/src", &["sharded", "simulation"], "seckill_core");
    let is_other = |path: &&String| !is_in(path, "seckill_core::protocol") && !simulated.contains(path);
    let others: Vec<_> = imports.iter().filter(is_other).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn an_import_that_is_not_allowed_is_found() {
    let mut package = Package::default();
    let files: [(&str, &[&str], &str); 4] = [
        ("lib.rs", &[], "mod redis; mod commands;"),
        ("redis/mod.rs", &["redis"], "mod key;"),
        ("redis/key.rs", &["redis", "key"], "use crate::commands::run;"),
        ("commands.rs", &["commands"], "use crate::redis::key::Key;"),
    ];
    for (path, module, text) in files {
        let module: Vec<_> = module.iter().map(|name| (*name).to_owned()).collect();
        package.add(Path::new(path), &module, text).unwrap();
    }
    assert_eq!(violations(&package, MODULE), ["redis::key -> commands"]);
    assert_eq!(package.graph().cycle(), Some(vec!["commands", "redis::key", "commands"]));
}
