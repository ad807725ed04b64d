//! Reads the replies. A map is a flat array (RESP2) or a map (RESP3).

use std::time::Duration;

use redis::{FromRedisValue, ParsingError, Value, from_redis_value};
use seckill_core::protocol::{EventName, FREE, field};

use crate::reply::{Bought, Buyer, Event, EventKind, Info, Order, Part, Rules};
use crate::words::{Refusal, State};

impl FromRedisValue for Bought {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let word: String = from_redis_value(reply)?;
        Ok(State::known(&word)
            .map(Self::Order)
            .or_else(|| Refusal::known(&word).map(Self::Refused))
            .unwrap_or(Self::Other(word)))
    }
}

impl FromRedisValue for Part {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let word: String = from_redis_value(reply)?;
        if word.as_bytes() == FREE.to_bytes() {
            return Ok(Self::Free);
        }
        from_redis_value(Value::SimpleString(word)).map(|bought| match bought {
            Bought::Order(state) => Self::Order(state),
            Bought::Refused(refusal) => Self::Refused(refusal),
            Bought::Other(word) => Self::Other(word),
        })
    }
}

impl FromRedisValue for Order {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let mut fields = Fields::of(reply)?;
        Ok(Self {
            order: fields.take(field::ORDER)?,
            buyer: fields.take(field::BUYER)?,
            qty: fields.take(field::QTY)?,
            state: fields.word(field::STATE)?,
            at: fields.take(field::AT)?,
            deadline: fields.deadline()?,
            seq: fields.take(field::SEQ)?,
        })
    }
}

impl FromRedisValue for Buyer {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let mut fields = Fields::of(reply)?;
        Ok(Self {
            held: fields.take(field::HELD)?,
            sold: fields.take(field::SOLD)?,
            orders: fields.take(field::ORDERS)?,
        })
    }
}

impl FromRedisValue for Event {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let mut fields = Fields::of(reply)?;
        let (seq, term, at) = (fields.take(field::SEQ)?, fields.take(field::TERM)?, fields.take(field::AT)?);
        let name: String = fields.take(field::EVENT)?;
        let Some(known) = EventName::from_word(&name) else {
            return Ok(Self { seq, term, at, kind: EventKind::Other { event: name } });
        };
        let kind = match known {
            EventName::Created => {
                EventKind::Created { qty: fields.take(field::QTY)?, rules: fields.rules()? }
            }
            EventName::Altered => EventKind::Altered { rules: fields.rules()? },
            EventName::Restocked => {
                EventKind::Restocked { qty: fields.take(field::QTY)?, id: fields.take(field::ID)? }
            }
            EventName::Held => fields.order(State::Held)?,
            EventName::Sold => fields.order(State::Sold)?,
            EventName::Cancelled => fields.order(State::Cancelled)?,
            EventName::Expired => fields.order(State::Expired)?,
        };
        Ok(Self { seq, term, at, kind })
    }
}

impl FromRedisValue for Info {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        let mut fields = Fields::of(reply)?;
        Ok(Self {
            state: fields.word(field::STATE)?,
            available: fields.take(field::AVAILABLE)?,
            held: fields.take(field::HELD)?,
            sold: fields.take(field::SOLD)?,
            orders: fields.take(field::ORDERS)?,
            buyers: fields.take(field::BUYERS)?,
            rules: fields.rules()?,
            seq: fields.take(field::SEQ)?,
            term: fields.take(field::TERM)?,
            created: fields.take(field::CREATED)?,
            diverged: fields.take(field::DIVERGED)?,
            now: fields.take(field::NOW)?,
            room: fields.take(field::ROOM)?,
        })
    }
}

/// The reply of CONFIRM, EXTEND and CANCEL.
impl FromRedisValue for State {
    fn from_redis_value(reply: Value) -> Result<Self, ParsingError> {
        from_redis_value::<String>(reply).map(Self::from)
    }
}

/// A map whose values are taken out one by one.
struct Fields(Vec<(Value, Value)>);

impl Fields {
    fn of(reply: Value) -> Result<Self, ParsingError> {
        match reply.into_map_iter() {
            Ok(pairs) => Ok(Self(pairs.collect())),
            Err(reply) => Err(format!("not a map: {reply:?}").into()),
        }
    }

    fn take<T: FromRedisValue>(&mut self, name: &str) -> Result<T, ParsingError> {
        let (_, value) = self
            .0
            .iter_mut()
            .find(|(key, _)| is(key, name))
            .ok_or_else(|| ParsingError::from(format!("the field `{name}` is missing")))?;
        from_redis_value(std::mem::take(value)).map_err(|error| format!("the field `{name}`: {error}").into())
    }

    fn word<T: From<String>>(&mut self, name: &str) -> Result<T, ParsingError> {
        self.take::<String>(name).map(T::from)
    }

    fn rules(&mut self) -> Result<Rules, ParsingError> {
        Ok(Rules {
            limit: self.take(field::LIMIT)?,
            hold: Duration::from_millis(self.take(field::HOLD)?),
            opens: self.take(field::OPENS)?,
            closes: self.take(field::CLOSES)?,
            attempts: self.take(field::ATTEMPTS)?,
        })
    }

    fn order(&mut self, state: State) -> Result<EventKind, ParsingError> {
        Ok(EventKind::Order {
            order: self.take(field::ORDER)?,
            buyer: self.take(field::BUYER)?,
            qty: self.take(field::QTY)?,
            deadline: if state == State::Held { self.deadline()? } else { None },
            state,
        })
    }

    /// Zero on the wire stands for no deadline.
    fn deadline(&mut self) -> Result<Option<u64>, ParsingError> {
        let at: u64 = self.take(field::DEADLINE)?;
        Ok((at != 0).then_some(at))
    }
}

fn is(key: &Value, name: &str) -> bool {
    match key {
        Value::BulkString(bytes) => bytes == name.as_bytes(),
        Value::SimpleString(text) => text == name,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(bytes: impl AsRef<[u8]>) -> Value {
        Value::BulkString(bytes.as_ref().to_vec())
    }

    fn word(word: &str) -> Value {
        Value::SimpleString(word.to_owned())
    }

    /// The same map as RESP2 and RESP3 carry it.
    fn both(fields: &[(&str, Value)]) -> [Value; 2] {
        let pairs = fields.iter().map(|(name, value)| (bulk(name), value.clone()));
        [
            Value::Array(pairs.clone().flat_map(|(name, value)| [name, value]).collect()),
            Value::Map(pairs.collect()),
        ]
    }

    fn read<T: FromRedisValue>(reply: Value) -> T {
        from_redis_value(reply).expect("a good reply")
    }

    fn refused<T: FromRedisValue>(reply: Value) -> String {
        from_redis_value::<T>(reply).err().expect("a bad reply").to_string()
    }

    /// [`Rules::SAMPLE`].
    fn rules() -> [(&'static str, Value); 5] {
        [
            ("limit", Value::Int(2)),
            ("hold", Value::Int(500)),
            ("opens", Value::Int(10)),
            ("closes", Value::Int(20)),
            ("attempts", Value::Int(30)),
        ]
    }

    fn event(name: &str, fields: &[(&'static str, Value)]) -> [Value; 2] {
        let head =
            [("seq", Value::Int(7)), ("term", Value::Int(3)), ("at", Value::Int(9)), ("event", word(name))];
        both(&[&head, fields].concat())
    }

    #[test]
    fn every_word_of_a_purchase() {
        for state in State::ALL {
            assert_eq!(read::<Bought>(word(state.as_str())), Bought::Order(state.clone()));
            assert_eq!(read::<State>(word(state.as_str())), *state);
        }
        for refusal in Refusal::ALL {
            assert_eq!(read::<Bought>(word(refusal.as_str())), Bought::Refused(refusal.clone()));
        }
        assert!(Bought::Order(State::Held).is_accepted() && Bought::Order(State::Sold).is_accepted());
        assert!(!Bought::Order(State::Expired).is_accepted());
    }

    /// A newer server may reply words that this version does not know.
    #[test]
    fn words_of_a_newer_server() {
        let perhaps = || "PERHAPS".to_owned();
        assert_eq!(read::<Bought>(word("PERHAPS")), Bought::Other(perhaps()));
        assert_eq!(read::<Part>(word("PERHAPS")), Part::Other(perhaps()));
        assert_eq!(read::<State>(word("PERHAPS")), State::Other(perhaps()));
        for reply in event("PERHAPS", &[("of", Value::Int(1))]) {
            assert_eq!(read::<Event>(reply).kind, EventKind::Other { event: perhaps() });
        }
    }

    #[test]
    fn an_order() {
        let order = |state: &str, deadline| {
            both(&[
                ("order", bulk(b"o\0\xff")),
                ("buyer", bulk("ann")),
                ("qty", Value::Int(3)),
                ("state", word(state)),
                ("at", Value::Int(1_000)),
                ("deadline", Value::Int(deadline)),
                ("seq", Value::Int(12)),
            ])
        };
        let expected = Order {
            order: b"o\0\xff".to_vec(),
            buyer: b"ann".to_vec(),
            qty: 3,
            state: State::Held,
            at: 1_000,
            deadline: Some(1_500),
            seq: 12,
        };
        for reply in order("HELD", 1_500) {
            assert_eq!(read::<Order>(reply), expected);
        }
        for reply in order("SOLD", 0) {
            assert_eq!(
                read::<Order>(reply),
                Order { state: State::Sold, deadline: None, ..expected.clone() }
            );
        }
        assert_eq!(read::<Option<Order>>(Value::Nil), None);
    }

    #[test]
    fn a_buyer() {
        let fields = [
            ("held", Value::Int(1)),
            ("sold", Value::Int(2)),
            ("orders", Value::Array(vec![bulk("b"), bulk(b"\xff")])),
        ];
        for reply in both(&fields) {
            let expected = Buyer { held: 1, sold: 2, orders: vec![b"b".to_vec(), b"\xff".to_vec()] };
            assert_eq!(read::<Buyer>(reply), expected);
        }
    }

    #[test]
    fn every_event() {
        let order = |state, deadline| EventKind::Order {
            state,
            order: b"o".to_vec(),
            buyer: b"ann".to_vec(),
            qty: 2,
            deadline,
        };
        let claim = [("order", bulk("o")), ("buyer", bulk("ann")), ("qty", Value::Int(2))];
        let created = [&[("qty", Value::Int(100))], rules().as_slice()].concat();
        let held = [claim.as_slice(), &[("deadline", Value::Int(5))]].concat();
        let restocked = |id| [("qty", Value::Int(-4)), ("id", id)];
        let cases = [
            ("CREATED", created, EventKind::Created { qty: 100, rules: Rules::SAMPLE }),
            ("ALTERED", rules().to_vec(), EventKind::Altered { rules: Rules::SAMPLE }),
            (
                "RESTOCKED",
                restocked(bulk("id")).to_vec(),
                EventKind::Restocked { qty: -4, id: Some(b"id".to_vec()) },
            ),
            ("RESTOCKED", restocked(Value::Nil).to_vec(), EventKind::Restocked { qty: -4, id: None }),
            ("HELD", held, order(State::Held, Some(5))),
            ("SOLD", claim.to_vec(), order(State::Sold, None)),
            ("CANCELLED", claim.to_vec(), order(State::Cancelled, None)),
            ("EXPIRED", claim.to_vec(), order(State::Expired, None)),
        ];
        for (name, fields, kind) in cases {
            for reply in event(name, &fields) {
                let expected = Event { seq: 7, term: 3, at: 9, kind: kind.clone() };
                assert_eq!(read::<Vec<Event>>(Value::Array(vec![reply])), [expected]);
            }
        }
        assert_eq!(read::<Vec<Event>>(Value::Array(vec![])), []);
    }

    #[test]
    fn the_figures_of_a_sale() {
        let head = [
            ("state", word("OPEN")),
            ("available", Value::Int(5)),
            ("held", Value::Int(1)),
            ("sold", Value::Int(4)),
            ("orders", Value::Int(6)),
            ("buyers", Value::Int(3)),
        ];
        let tail = [
            ("seq", Value::Int(11)),
            ("term", Value::Int(7)),
            ("created", Value::Int(8)),
            ("diverged", Value::Int(1)),
            ("now", Value::Int(12)),
            ("room", Value::Int(13)),
        ];
        for reply in both(&[head.as_slice(), &rules(), &tail].concat()) {
            assert_eq!(read::<Info>(reply), Info::SAMPLE);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for reply in both(&[("held", Value::Int(1)), ("sold", bulk("many"))]) {
            assert!(refused::<Buyer>(reply).contains("the field `sold`"));
        }
        for reply in both(&[("held", Value::Int(1))]) {
            assert!(refused::<Buyer>(reply).contains("the field `sold` is missing"));
        }
        assert!(refused::<Buyer>(Value::Int(1)).contains("not a map"));
        assert!(refused::<Buyer>(Value::Array(vec![bulk("held")])).contains("not a map"));
    }
}
