//! The figures of a sale, for unit tests.

use seckill_client::Info;
use serde_json::{Value, json};

/// The figures of an open sale but for these fields.
pub(super) fn info(fields: Value) -> Info {
    let mut info = json!({
        "state": "OPEN", "available": 60, "held": 10, "sold": 30, "orders": 40, "buyers": 20,
        "rules": { "limit": 2, "hold": 600_000, "opens": 0, "closes": 0, "attempts": 20 },
        "seq": 41, "term": 1, "created": 5, "diverged": false, "now": 1_000, "room": 1000,
    });
    let Value::Object(fields) = fields else { panic!("{fields} has no fields") };
    info.as_object_mut().unwrap().extend(fields);
    serde_json::from_value(info).unwrap()
}
