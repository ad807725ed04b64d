//! The configs and the fields of INFO.

use std::collections::BTreeMap;

use super::section::Section;
use crate::harness::markdown::code;
use crate::harness::server::Server;
use crate::harness::session::{ask, get};

#[tokio::test]
async fn configs_are_those_of_the_server() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let page = Section::page();
    let section = page.section("## Configs");
    let table = section.table("config");
    let written: BTreeMap<String, String> =
        table.iter().map(|row| (code(row[0])[0].to_owned(), row[2].to_owned())).collect();
    assert_eq!(get::<BTreeMap<String, String>>(&mut connection, "CONFIG GET seckill.*").await, written);

    for row in &table {
        let [config, kind, _, range, _] = row[..] else { panic!("{row:?}") };
        let config = code(config)[0];
        let (right, wrong) = match kind {
            "integer" => {
                let (min, max) = range.split_once(" to ").expect("a range");
                let outside = [min.parse::<i64>().unwrap() - 1, max.parse::<i64>().unwrap() + 1];
                ([min, max].map(str::to_owned), outside.map(|value| value.to_string()).to_vec())
            }
            "switch" => {
                let (no, yes) = range.split_once(", ").expect("two words");
                ([no, yes].map(str::to_owned), vec!["maybe".to_owned()])
            }
            other => panic!("{config}: {other}"),
        };
        for value in right {
            assert_eq!(ask(&mut connection, &format!("CONFIG SET {config} {value}")).await, "OK");
        }
        for value in wrong {
            let reply = ask(&mut connection, &format!("CONFIG SET {config} {value}")).await;
            assert!(reply.starts_with("-ERR "), "{config} {value}: {reply}");
        }
    }
}

#[tokio::test]
async fn the_fields_of_info_are_those_of_the_server() {
    let server = Server::start().await;
    let info: String = get(&mut server.connect().await, "INFO seckill").await;
    let fields: Vec<&str> = info.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(fields, Section::page().section("## INFO fields").column("field"));
}
