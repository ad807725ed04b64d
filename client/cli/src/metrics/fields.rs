//! The fields of `INFO seckill`, as metrics.

use super::families::Kind::{self, Counter, Gauge};

/// A field that this version of the program knows.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

const fn field(name: &'static str, kind: Kind, help: &'static str) -> Field {
    Field { name, kind, help }
}

/// The numbers of the section. Whatever else a newer module shows is exported without a type.
const FIELDS: [Field; 23] = [
    field("seckill_grants", Counter, "Locks granted, including those granted again to their owner"),
    field("seckill_waits", Counter, "Calls of LOCK that waited"),
    field("seckill_handoffs", Counter, "Locks granted to callers that waited"),
    field("seckill_longest_wait_ms", Gauge, "The longest that a caller waited until it was granted a lock"),
    field("seckill_orders_accepted", Counter, "Orders that BUY placed"),
    field("seckill_holds_expired", Counter, "Holds that ran out"),
    field("seckill_longest_sweep_us", Gauge, "The longest processor time of one slice of expiring due holds"),
    field("seckill_sales_diverged", Counter, "Sales that were marked as diverged; alert if it is not 0"),
    field("seckill_evicted_sales", Counter, "Sales that this server evicted; alert if it is not 0"),
    field("seckill_evicted_other_keys", Counter, "Other keys that this server evicted, locks among them"),
    field("seckill_refused_locklost", Counter, "Purchases refused with LOCKLOST"),
    field("seckill_refused_upcoming", Counter, "Purchases refused with UPCOMING"),
    field("seckill_refused_closed", Counter, "Purchases refused with CLOSED"),
    field("seckill_refused_attempts", Counter, "Purchases refused with ATTEMPTS"),
    field("seckill_refused_limit", Counter, "Purchases refused with LIMIT"),
    field("seckill_refused_soldout", Counter, "Purchases refused with SOLDOUT"),
    field("seckill_refused_short", Counter, "Purchases refused with SHORT"),
    field("seckill_refused_full", Counter, "Commands refused with FULL"),
    field(
        "seckill_eviction_safe_sales",
        Gauge,
        "1: the server evicts no sale, unless EXPIRE was called for it",
    ),
    field("seckill_eviction_safe_locks", Gauge, "1: the server evicts no lock"),
    field("seckill_scheduled_sales", Gauge, "Sales with held orders"),
    field("seckill_waiters", Gauge, "Callers that wait for locks now"),
    field("seckill_waiting_readers", Gauge, "Callers that wait for events now"),
];

/// A field by its name.
pub(super) fn known(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The fields of a section of INFO: names and values. Lines that are none are left out.
pub(super) fn read(section: &str) -> impl Iterator<Item = (&str, &str)> {
    let fields = section.lines().filter_map(|line| line.trim_end().split_once(':'));
    fields.filter(|(name, _)| is_name(name))
}

/// Whether the formats allow a metric of this name.
fn is_name(name: &str) -> bool {
    name.starts_with("seckill_") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_field_is_left_out() {
        let section =
            "# seckill\r\nseckill_version:0.1.0\r\nseckill_grants:7\r\n\r\nseckill_a b:1\r\nother:2\r\n:\r\n";
        let fields: Vec<_> = read(section).collect();
        assert_eq!(fields, [("seckill_version", "0.1.0"), ("seckill_grants", "7")]);
    }
}
