//! What COMMAND shows: syntax, arguments, arity, flags, complexity, keys.

use std::collections::BTreeMap;

use redis::Value;
use seckill_core::protocol::CommandName;

use super::section::{Section, sorted};
use super::{CALLS, command_of};
use crate::harness::markdown::code;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get};

#[tokio::test]
async fn every_command_has_its_heading_and_its_row() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let listed: Vec<String> = get(&mut connection, "COMMAND LIST FILTERBY MODULE seckill").await;
    let listed = sorted(listed.iter().map(|name| name.to_uppercase()));
    let page = Section::page();
    let headings = page.commands().into_iter().map(|(name, _)| name.to_owned());
    assert_eq!(sorted(headings), listed, "headings");
    let rows = page.section("## Commands at a glance").column("command");
    assert_eq!(sorted(rows.iter().map(ToString::to_string)), listed, "rows");
    assert_eq!(sorted(CALLS.iter().map(|line| command_of(line).to_owned())), listed, "calls");
}

/// What COMMAND INFO shows of a command.
async fn info(connection: &mut Connection, name: &str) -> Vec<Value> {
    let mut infos: Vec<Vec<Value>> = get(connection, &format!("COMMAND INFO {name}")).await;
    infos.remove(0)
}

/// What COMMAND DOCS shows of a command.
async fn docs(connection: &mut Connection, name: &str) -> Fields {
    let mut all: BTreeMap<String, Fields> = get(connection, &format!("COMMAND DOCS {name}")).await;
    all.remove(&name.to_lowercase()).expect("documentation")
}

type Fields = BTreeMap<String, Value>;

fn read<T: redis::FromRedisValue>(value: &Value) -> T {
    redis::from_redis_value(value.clone()).unwrap()
}

#[tokio::test]
async fn arity_flags_complexity_and_summary_are_those_of_the_server() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let page = Section::page();
    for row in page.section("## Commands at a glance").table("command") {
        let [command, arity, flags, complexity, summary] = row[..] else { panic!("{row:?}") };
        let name = code(command)[0];
        let info = info(&mut connection, name).await;
        assert_eq!(arity, read::<i64>(&info[1]).to_string(), "{name}");
        let shown: Vec<String> = read(&info[2]);
        let shown = shown.iter().map(String::as_str).filter(|flag| *flag != "module");
        assert_eq!(sorted(code(flags)), sorted(shown), "{name}");
        let docs = docs(&mut connection, name).await;
        assert_eq!(complexity, read::<String>(&docs["complexity"]), "{name}");
        assert_eq!(summary, read::<String>(&docs["summary"]), "{name}");
        assert_eq!(read::<String>(&docs["since"]), "0.1.0", "{name}");
    }
}

/// A key spec in the words of the page.
fn key_spec(spec: &Value) -> (String, Vec<String>) {
    let spec: Fields = read(spec);
    let search: Fields = read(&spec["begin_search"]);
    let place: Fields = read(&search["spec"]);
    let place = match read::<String>(&search["type"]).as_str() {
        "index" => {
            let index = read::<i64>(&place["index"]);
            let found: Fields = read(&spec["find_keys"]);
            let is_counted = read::<String>(&found["type"]) == "keynum";
            if is_counted {
                format!("those that argument {index} counts")
            } else {
                format!("argument {index}")
            }
        }
        "keyword" => format!(
            "after `{}`, from argument {} on",
            read::<String>(&place["keyword"]),
            read::<i64>(&place["startfrom"])
        ),
        other => panic!("{other}"),
    };
    (place, sorted(read::<Vec<String>>(&spec["flags"])))
}

#[tokio::test]
async fn keys_are_those_of_the_server() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let page = Section::page();
    let section = page.section("## Commands at a glance");
    let mut written = vec![];
    for row in section.table("commands") {
        let [commands, place, flags] = row[..] else { panic!("{row:?}") };
        for name in code(commands) {
            let flags = sorted(code(flags).iter().map(ToString::to_string));
            written.push((name.to_owned(), (place.to_owned(), flags)));
        }
    }
    let mut shown = vec![];
    for name in CommandName::ALL {
        let specs: Vec<Value> = read(&info(&mut connection, name.as_str()).await[8]);
        shown.extend(specs.iter().map(|spec| (name.to_string(), key_spec(spec))));
    }
    assert_eq!(sorted(written), sorted(shown));
}

/// An argument as the syntax shows it.
fn syntax(argument: &Value) -> String {
    let argument: Fields = read(argument);
    let kind: String = read(&argument["type"]);
    let value = match kind.as_str() {
        "pure-token" => None,
        "block" => Some(syntaxes(&argument).join(" ")),
        _ => Some(read(&argument["name"])),
    };
    let flags: Vec<String> = argument.get("flags").map(read).unwrap_or_default();
    let has = |name: &str| flags.iter().any(|flag| flag == name);
    let value = value.map(|value| if has("multiple") { format!("{value} [{value} …]") } else { value });
    let token = argument.get("token").map(read::<String>);
    let whole = token.into_iter().chain(value).collect::<Vec<_>>().join(" ");
    if has("optional") { format!("[{whole}]") } else { whole }
}

fn syntaxes(of: &Fields) -> Vec<String> {
    read::<Vec<Value>>(&of["arguments"]).iter().map(syntax).collect()
}

/// An argument without the brackets that make it optional.
fn bare(argument: &str) -> &str {
    argument.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(argument)
}

#[tokio::test]
async fn syntax_and_arguments_are_those_of_the_server() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let page = Section::page();
    for name in CommandName::ALL {
        let arguments = syntaxes(&docs(&mut connection, name.as_str()).await);
        let section = page.command(name.as_str());
        assert_eq!(section.blocks()[0].trim_end(), format!("{name} {}", arguments.join(" ")));
        let bare: Vec<&str> = arguments.iter().map(|argument| bare(argument)).collect();
        assert_eq!(section.column("argument"), bare, "{name}");
    }
}

/// The call of a command with an argument, named as in the table of arguments, replaced or added.
fn call_with(call: &str, number: usize, argument: &str, value: &str) -> String {
    let mut words: Vec<&str> = call.split(' ').collect();
    match argument.split(' ').collect::<Vec<_>>()[..] {
        [_] => words[1 + number] = value,
        [keyword, _] => match words.iter().position(|word| *word == keyword) {
            Some(place) => words[place + 1] = value,
            None => words.extend([keyword, value]),
        },
        [keyword, key, _, ..] => words.extend([keyword, key, value]),
        _ => panic!("{argument}"),
    }
    words.join(" ").replace('%', "key")
}

/// Whether a text contains a part that no digit or letter continues.
fn contains(text: &str, part: &str) -> bool {
    let mut after = text.match_indices(part).map(|(at, _)| &text[at + part.len()..]);
    after.any(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// The error that the server replies to a bad value names the length or the range.
#[tokio::test]
async fn lengths_and_ranges_are_those_of_the_server() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let page = Section::page();
    for call in CALLS {
        let section = page.command(command_of(call));
        for (number, row) in section.table("argument").iter().enumerate().skip(1) {
            let [argument, value, _] = row[..] else { panic!("{row:?}") };
            // The first of those that may be several.
            let argument = code(argument)[0].split(" [").next().unwrap();
            if value.is_empty() || value == "keys" {
                continue;
            }
            let is_integer = value.starts_with("integer");
            let line = call_with(call, number, argument, if is_integer { "x" } else { "\"\"" });
            let reply = ask(&mut connection, &line).await;
            let shown = match reply.split_once(" must be ") {
                Some((_, shown)) => {
                    shown.replace("an integer between ", "integer, ").replace(" and ", " to ")
                }
                None => String::new(),
            };
            if value == "bytes" {
                assert_eq!(shown, "", "{line}: any bytes will do");
            } else {
                assert!(
                    !shown.is_empty() && contains(value, &shown),
                    "{line}: {reply}, but the page says {value}"
                );
            }
        }
    }
}
