//! Serialization of what has no serde implementation of its own: durations as milliseconds, names as text where they
//! are UTF-8, and else as lists of bytes.

/// A duration as milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::options;

    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(options::millis(*time).0)
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// A name is bytes. It is serialized as a string where it is UTF-8, and else as a list of bytes.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

impl From<&[u8]> for Text {
    fn from(name: &[u8]) -> Self {
        match str::from_utf8(name) {
            Ok(text) => Self::Utf8(text.to_owned()),
            Err(_) => Self::Bytes(name.to_owned()),
        }
    }
}

impl From<Text> for Vec<u8> {
    fn from(text: Text) -> Self {
        match text {
            Text::Utf8(text) => text.into_bytes(),
            Text::Bytes(bytes) => bytes,
        }
    }
}

/// A name.
pub(crate) mod name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Text;

    pub(crate) fn serialize<S: Serializer>(name: &[u8], to: S) -> Result<S::Ok, S::Error> {
        Text::from(name).serialize(to)
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        Text::deserialize(from).map(Vec::from)
    }
}

/// A name that may be absent.
pub(crate) mod optional_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Text;

    pub(crate) fn serialize<S: Serializer>(name: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        name.as_deref().map(Text::from).serialize(to)
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Text>::deserialize(from)?.map(Vec::from))
    }
}

/// A list of names.
pub(crate) mod names {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Text;

    pub(crate) fn serialize<S: Serializer>(names: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(names.iter().map(|name| Text::from(&name[..])))
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        Ok(Vec::<Text>::deserialize(from)?.into_iter().map(Vec::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use crate::outcome::Outcome;
    use crate::receipt::Receipt;
    use crate::reply::{Bought, Buyer, Event, EventKind, Info, Order, Rules};
    use crate::words::{Refusal, State};

    fn must_be<T: Serialize + DeserializeOwned + PartialEq + Debug>(reply: &T, json: serde_json::Value) {
        assert_eq!(serde_json::to_value(reply).unwrap(), json);
        assert_eq!(serde_json::from_value::<T>(json).unwrap(), *reply);
    }

    #[test]
    fn outcomes_are_words_and_names_are_text_or_bytes() {
        must_be(&Bought::Order(State::Held), json!({ "order": "HELD" }));
        must_be(&Bought::Refused(Refusal::SoldOut), json!({ "refused": "SOLDOUT" }));
        let receipt =
            |outcome, is_final| Receipt { order: b"o".to_vec(), outcome, is_final, from_memory: false };
        let json = json!({ "order": "o", "outcome": { "refused": "LIMIT" }, "is_final": true });
        must_be(&receipt(Outcome::Refused(Refusal::Limit), true), json);
        let json = json!({ "order": "o", "outcome": "unknown", "is_final": false });
        must_be(&receipt(Outcome::Unknown, false), json);
        let order = Order {
            order: b"o\xff".to_vec(),
            buyer: b"ann".to_vec(),
            qty: 3,
            state: State::Sold,
            at: 7,
            deadline: None,
            seq: 12,
        };
        let json = json!({
            "order": [111, 255], "buyer": "ann", "qty": 3, "state": "SOLD", "at": 7, "deadline": null, "seq": 12,
        });
        must_be(&order, json);
        let buyer = Buyer { held: 1, sold: 2, orders: vec![b"b".to_vec(), b"\xff".to_vec()] };
        must_be(&buyer, json!({ "held": 1, "sold": 2, "orders": ["b", [255]] }));
    }

    #[test]
    fn figures_of_a_sale() {
        let json = json!({
            "state": "OPEN", "available": 5, "held": 1, "sold": 4, "orders": 6, "buyers": 3,
            "rules": { "limit": 2, "hold": 500, "opens": 10, "closes": 20, "attempts": 30 },
            "seq": 11, "term": 7, "created": 8, "diverged": true, "now": 12, "room": 13,
        });
        must_be(&Info::SAMPLE, json);
    }

    #[test]
    fn events_are_tagged_by_their_kind() {
        let event = |kind| Event { seq: 7, term: 3, at: 9, kind };
        let restocked = EventKind::Restocked { qty: -4, id: Some(b"r1".to_vec()) };
        let json =
            json!({ "seq": 7, "term": 3, "at": 9, "kind": { "restocked": { "qty": -4, "id": "r1" } } });
        must_be(&event(restocked), json);
        let expired = EventKind::Order {
            state: State::Expired,
            order: b"o".to_vec(),
            buyer: b"ann".to_vec(),
            qty: 2,
            deadline: None,
        };
        let order = json!({ "state": "EXPIRED", "order": "o", "buyer": "ann", "qty": 2, "deadline": null });
        must_be(&event(expired), json!({ "seq": 7, "term": 3, "at": 9, "kind": { "order": order } }));
        let altered = json!({ "altered": { "rules": { "limit": 2, "hold": 500, "opens": 10, "closes": 20, "attempts": 30 } } });
        must_be(
            &event(EventKind::Altered { rules: Rules::SAMPLE }),
            json!({ "seq": 7, "term": 3, "at": 9, "kind": altered }),
        );
    }
}
