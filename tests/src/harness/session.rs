//! Sessions: commands and replies as text, as in redis-cli.
//!
//! A command is a line; `"..."` is an argument with blanks, an empty one, or one with bytes such as `\x00`. A
//! reply is shown as `OK` (simple string), `"ann"` (bulk string), `7`, `nil`, `-ERR text`, `[1 2]` and
//! `{"qty" 1}`. Integers that are an instant of the last or next minutes are shown as `<ms>` and `<us>`.

use redis::aio::ConnectionLike;
use redis::{Cmd, Value};

use super::conditions::now_ms;
use super::server::{Connection, Server};

/// Reads a line as a command.
pub(crate) fn command(line: &str) -> Cmd {
    let mut command = Cmd::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or_else(|| panic!("no closing quote: {line}"));
                command.arg(unescape(&quoted[..end]));
                end + 2
            }
            None => {
                let end = rest.find(' ').unwrap_or(rest.len());
                command.arg(&rest[..end]);
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    command
}

/// The bytes that a quoted text stands for.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// Shows a reply as text.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Okay => "OK".to_owned(),
        Value::SimpleString(word) => word.clone(),
        Value::BulkString(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Value::Int(number) => show_integer(*number),
        Value::ServerError(error) => format!("-{} {}", error.code(), error.details().unwrap_or_default()),
        Value::Array(items) => format!("[{}]", show_all(items)),
        Value::Map(pairs) => format!("{{{}}}", show_all(pairs.iter().flat_map(|(key, value)| [key, value]))),
        other => format!("{other:?}"),
    }
}

fn show_all<'v>(values: impl IntoIterator<Item = &'v Value>) -> String {
    values.into_iter().map(show).collect::<Vec<_>>().join(" ")
}

fn show_integer(number: i64) -> String {
    const SPAN: u64 = 10 * 60 * 1000;
    let now = now_ms();
    let near = |ms: u64| (now - SPAN..now + SPAN).contains(&ms);
    match number.unsigned_abs() {
        ms if near(ms) => "<ms>".to_owned(),
        us if near(us / 1000) => "<us>".to_owned(),
        _ => number.to_string(),
    }
}

/// The reply to a command, errors included.
pub(crate) async fn reply(connection: &mut Connection, line: &str) -> Value {
    connection.req_packed_command(&command(line)).await.unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// The reply to a command that is sent in one piece with another before it.
pub(crate) async fn reply_after(connection: &mut Connection, before: &str, line: &str) -> Value {
    let mut pipe = redis::pipe();
    pipe.add_command(command(before)).add_command(command(line));
    connection.req_packed_commands(&pipe, 1, 1).await.unwrap().remove(0)
}

/// The reply to a command, as text.
pub(crate) async fn ask(connection: &mut Connection, line: &str) -> String {
    show(&reply(connection, line).await)
}

/// The reply to a command, as a Rust value.
pub(crate) async fn get<T: redis::FromRedisValue>(connection: &mut Connection, line: &str) -> T {
    command(line).query_async(connection).await.unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// The replies to commands that arrive in one piece: no timer and no other client comes in between.
pub(crate) async fn together(connection: &mut Connection, commands: &[&str]) -> Vec<String> {
    let mut pipe = redis::pipe();
    for line in commands {
        pipe.add_command(command(line));
    }
    let replies = connection.req_packed_commands(&pipe, 0, commands.len()).await.unwrap();
    replies.iter().map(show).collect()
}

/// Plays `COMMAND => reply` line by line.
pub(crate) async fn play(connection: &mut Connection, session: &str) {
    for (line, expected) in lines(session) {
        assert_eq!(ask(connection, line).await, expected, "{line}");
    }
}

/// Creates a sale with so many orders.
pub(crate) async fn fill(connection: &mut Connection, sale: &str, orders: u32) {
    let buy = "redis.call('SECKILL.BUY', KEYS[1], 'buyer' .. number, 'order' .. number)";
    let script = format!("for number = 1, {orders} do {buy} end");
    let session = format!("SECKILL.CREATE {sale} STOCK {orders} => OK\nEVAL \"{script}\" 1 {sale} => nil");
    play(connection, &session).await;
}

/// Plays a session on a new server with RESP3, and on another with RESP2, where a map is a flat array.
pub(crate) async fn play_on_both_protocols(config: &str, session: &str) {
    let server = Server::with(config).await;
    play(&mut server.connect_as("protocol=resp3").await, session).await;
    let server = Server::with(config).await;
    let session = session.replace('{', "[").replace('}', "]");
    play(&mut server.connect_as("protocol=resp2").await, &session).await;
}

/// The commands and replies of a session.
pub(crate) fn lines(session: &str) -> impl Iterator<Item = (&str, &str)> {
    let written = session.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    written.map(|line| {
        let (command, reply) = line.split_once(" => ").unwrap_or_else(|| panic!("no reply: {line}"));
        (command.trim_end(), reply.trim_start())
    })
}
