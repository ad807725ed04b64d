//! The users of the page can call what it says, and nothing else.

use std::collections::BTreeMap;

use super::section::{Section, sorted};
use super::{CALLS, command_of};
use crate::harness::markdown::code;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get};

/// The commands that a user may call, for the keys of a shop.
async fn allowed(connection: &mut Connection, user: &str) -> Vec<&'static str> {
    let mut allowed = vec![];
    for call in CALLS {
        let of_a_lock =
            ["LOCK", "UNLOCK", "RENEW", "WAITERS", "GRANT"].contains(&&command_of(call)["SECKILL.".len()..]);
        let key = if of_a_lock { "lock:1" } else { "sale:1" };
        let line = format!("ACL DRYRUN {user} {}", call.replace('%', key));
        if ask(connection, &line).await == "OK" {
            allowed.push(command_of(call));
        }
    }
    allowed
}

#[tokio::test]
async fn each_may_call_what_the_page_says() {
    let page = Section::page();
    let section = page.section("## Access control");
    let table = section.table("user");
    let written: BTreeMap<_, _> = table.iter().map(|row| (code(row[0])[0], sorted(code(row[1])))).collect();
    let blocks = section.blocks();
    let [by_command, by_category] = blocks[..] else { panic!("{blocks:?}") };
    for users in [by_command, by_category] {
        let server = Server::start().await;
        let mut connection = server.connect().await;
        let categories: Vec<String> = get(&mut connection, "ACL CAT").await;
        if users == by_category && !categories.iter().any(|name| name == "seckill") {
            eprintln!("skipped on this server: modules have no category of their own");
            continue;
        }
        let mut got = BTreeMap::new();
        for line in users.lines().filter(|line| !line.is_empty()) {
            assert_eq!(ask(&mut connection, line).await, "OK", "{line}");
            let user = line.split(' ').nth(2).unwrap();
            got.insert(user, sorted(allowed(&mut connection, user).await));
        }
        assert_eq!(got, written);
    }
}

#[tokio::test]
async fn the_key_of_a_lock_is_needed_to_buy_with_it() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let page = Section::page();
    let section = page.section("## Access control");
    for line in section.blocks()[0].lines().filter(|line| !line.is_empty()) {
        assert_eq!(ask(&mut connection, line).await, "OK", "{line}");
    }
    for (purchase, may) in [("sale:1 b o LOCK lock:1 t", true), ("sale:1 b o LOCK other t", false)] {
        let reply = ask(&mut connection, &format!("ACL DRYRUN shop SECKILL.BUY {purchase}")).await;
        assert_eq!(reply == "OK", may, "{purchase}: {reply}");
    }
}
