//! Payloads of DUMP and RESTORE: the number of the data type, byte strings each with its length, an end mark,
//! the version of the format, and a checksum.

use crc::{CRC_64_REDIS, Crc};
use redis::{Cmd, ToRedisArgs};

const CHECKSUM: Crc<u64> = Crc::<u64>::new(&CRC_64_REDIS);
/// The type of a module's value, the length mark of its number, and the number, in bytes.
const TYPE: usize = 10;
/// The version and the checksum.
const TRAILER: usize = 10;
/// The opcodes before a byte string, and at the end.
const STRING: u8 = 5;
const END: u8 = 0;

/// What all payloads of a server have in common.
pub(crate) struct Envelope {
    kind: Vec<u8>,
    version: Vec<u8>,
}

impl Envelope {
    /// The envelope of a payload that a server made of a sale.
    pub(crate) fn of(dump: &[u8]) -> Self {
        let (body, trailer) = dump.split_at(dump.len() - TRAILER);
        Self { kind: body[..TYPE].to_vec(), version: trailer[..2].to_vec() }
    }

    /// A payload of these strings, without its trailer.
    pub(crate) fn body(&self, strings: &[Vec<u8>]) -> Vec<u8> {
        let mut body = self.kind.clone();
        for string in strings {
            body.push(STRING);
            put_length(&mut body, string.len());
            body.extend_from_slice(string);
        }
        body.push(END);
        body
    }

    /// The payload with this body, which may be any bytes.
    pub(crate) fn seal(&self, mut body: Vec<u8>) -> Vec<u8> {
        body.extend_from_slice(&self.version);
        let checksum = CHECKSUM.checksum(&body);
        body.extend_from_slice(&checksum.to_le_bytes());
        body
    }
}

/// The body of a payload.
pub(crate) fn body_of(dump: &[u8]) -> &[u8] {
    &dump[..dump.len() - TRAILER]
}

/// The RESTORE of a payload to a key, which may exist.
pub(crate) fn restore_command(key: impl ToRedisArgs, payload: &[u8]) -> Cmd {
    redis::cmd("RESTORE").arg(key).arg(0).arg(payload).arg("REPLACE").take()
}

/// A length in the format of the server: 6, 14 or 32 bits.
fn put_length(out: &mut Vec<u8>, len: usize) {
    let len = u32::try_from(len).unwrap();
    match len {
        0..64 => out.push(len as u8),
        64..0x4000 => out.extend_from_slice(&(len as u16 | 0x4000).to_be_bytes()),
        _ => {
            out.push(0x80);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
}
