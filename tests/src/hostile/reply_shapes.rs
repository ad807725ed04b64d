//! The shape of each command's reply.

use std::ops::RangeInclusive;

use redis::Value;
use seckill_core::protocol::{CommandName, Refusal, State};

/// Whether the command can have this reply.
pub(crate) fn is_known(name: CommandName, reply: &Value) -> bool {
    if let Value::ServerError(error) = reply {
        return error.code().bytes().all(|byte| byte.is_ascii_uppercase());
    }
    match name {
        CommandName::Lock => matches!(reply, Value::Nil | Value::Int(1..)),
        CommandName::Unlock | CommandName::Renew => matches!(reply, Value::Int(0 | 1)),
        CommandName::Waiters => is_map(reply, 4..=4, "token"),
        CommandName::Create
        | CommandName::Alter
        | CommandName::Audit
        | CommandName::Apply
        | CommandName::Grant
        | CommandName::Fence => *reply == Value::Okay,
        CommandName::Restock => matches!(reply, Value::Int(0..)),
        CommandName::Buy => is_word(reply, |word| is_state(word) || Refusal::from_word(word).is_some()),
        CommandName::BuyAll => {
            let is_part = |part: &Value| {
                is_word(part, |word| is_state(word) || Refusal::from_word(word).is_some() || word == "FREE")
            };
            matches!(reply, Value::Array(parts) if parts.iter().all(is_part))
        }
        CommandName::Confirm | CommandName::Extend | CommandName::Cancel => is_word(reply, is_state),
        CommandName::Order => *reply == Value::Nil || is_map(reply, 7..=7, "order"),
        CommandName::Buyer => is_map(reply, 3..=3, "held"),
        CommandName::Info => is_map(reply, 17..=17, "state"),
        CommandName::Events => match reply {
            Value::Array(events) => events.iter().all(|event| is_map(event, 6..=10, "seq")),
            _ => false,
        },
    }
}

fn is_state(word: &str) -> bool {
    State::from_word(word).is_some()
}

fn is_word(reply: &Value, is: impl Fn(&str) -> bool) -> bool {
    matches!(reply, Value::SimpleString(word) if is(word))
}

/// Whether a reply is a map, or a flat array, of so many fields, of which this is the first.
fn is_map(reply: &Value, fields: RangeInclusive<usize>, first: &str) -> bool {
    let first = Value::BulkString(first.into());
    match reply {
        Value::Map(pairs) => fields.contains(&pairs.len()) && pairs[0].0 == first,
        Value::Array(items) => {
            items.len() % 2 == 0 && fields.contains(&(items.len() / 2)) && items[0] == first
        }
        _ => false,
    }
}
