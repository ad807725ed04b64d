//! The layout of a sale of many shards: the rows of the page are those that are computed here, with the checksums of a
//! library and nothing of ours.

use crc::{CRC_16_XMODEM, CRC_32_ISO_HDLC, Crc};

use super::section::Section;
use crate::harness::markdown::code;
use crate::harness::session::unescape;

const HOME: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const SLOT: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);
const SLOTS: u64 = 16_384;

/// Buyers as the page writes them: what every catalogue of checksums has, text in UTF-8, a UUID, and bytes that are no
/// text.
const BUYERS: [&str; 11] = [
    "ann",
    "bob",
    "0",
    "\\x20",
    "123456789",
    "Zoë",
    "東京",
    "01234567-89ab-cdef-0123-456789abcdef",
    "\\x00",
    "\\x00\\x00",
    "\\xff\\xfe",
];
const SHARDS_OF_BUYERS: [u32; 4] = [2, 3, 16, 1024];

/// Names, numbers of shards, salts, and one of the shards.
const SHARDS: [(&str, u64, u64, u64); 15] = [
    ("bottles", 1, 0, 0),
    ("bottles", 2, 0, 0),
    ("bottles", 2, 0, 1),
    ("bottles", 4, 7, 0),
    ("bottles", 4, 7, 1),
    ("bottles", 4, 7, 2),
    ("bottles", 4, 7, 3),
    ("shop:Flaschen für 5 €", 3, 1_795_773_600, 0),
    ("shop:Flaschen für 5 €", 3, 1_795_773_600, 1),
    ("shop:Flaschen für 5 €", 3, 1_795_773_600, 2),
    ("bottles", 16, 4_294_967_295, 0),
    ("bottles", 16, 4_294_967_295, 15),
    // Where the number of the shard is greater than any salt.
    ("b", 1024, 4_294_967_295, 0),
    ("b", 1024, 4_294_967_295, 511),
    ("b", 1024, 4_294_967_295, 1023),
];

fn written(heading: &str, first_column: &str) -> Vec<String> {
    let rows = Section::page().section("## A sale of many shards").section(heading).table(first_column);
    rows.iter().map(|row| row.join(" | ")).collect()
}

/// The key of a shard, and its slot.
fn shard(name: &str, shards: u64, salt: u64, number: u64) -> (String, u64) {
    let tags = (salt..).map(|count| format!("{name}:{number}:{count}"));
    let mut places = tags.map(|tag| (u64::from(SLOT.checksum(tag.as_bytes())) % SLOTS, tag));
    let (slot, tag) = places.find(|(slot, _)| slot * shards / SLOTS == number).expect("numbers without end");
    (format!("{{{tag}}}"), slot)
}

#[test]
fn the_homes_of_buyers_are_those_of_the_page() {
    let rows = BUYERS.map(|buyer| {
        let checksum = HOME.checksum(&unescape(buyer));
        let homes = SHARDS_OF_BUYERS.map(|shards| (checksum % shards).to_string());
        format!("`{buyer}` | {checksum} | {}", homes.join(" | "))
    });
    assert_eq!(written("### Home", "buyer"), rows);
    let head = SHARDS_OF_BUYERS.map(|shards| format!("of {shards}")).join(" | ");
    Section::page().line(&format!("| buyer | CRC-32 | {head} |"));
}

#[test]
fn the_keys_of_shards_are_those_of_the_page() {
    let rows = SHARDS.map(|(name, shards, salt, number)| {
        let (key, slot) = shard(name, shards, salt, number);
        format!("`{name}` | {shards} | {salt} | {number} | `{key}` | {slot}")
    });
    assert_eq!(written("### The keys of a sale of many shards", "name"), rows);
}

/// The session that creates a sale names the shards as the rules do, and gives them the right parts of the stock.
#[test]
fn the_session_that_creates_one_follows_the_rules() {
    let section = Section::page().section("### The directory");
    let session = section.blocks().concat();
    let keys: Vec<String> = (0..4).map(|number| shard("bottles", 4, 7, number).0).collect();
    let fields: Vec<String> =
        keys.iter().enumerate().map(|(number, key)| format!("{number} {key}")).collect();
    let streams = "journal {bottles}:transfers done {bottles}:transfers:done";
    let directory = format!("HSET bottles hash crc32 {streams} {}\n", fields.join(" "));
    assert!(session.contains(&directory), "{directory}");
    for (key, stock) in keys.iter().zip([3, 3, 2, 2]) {
        assert!(session.contains(&format!("SECKILL.CREATE {key} STOCK {stock} ")), "{key}");
    }
    let fields = section.table("field").iter().flat_map(|row| code(row[0])).collect::<Vec<_>>();
    assert_eq!(fields, ["salt", "shards", "hash", "journal", "done", "0", "1", "2"]);
}
