//! Random changes of bytes.

use fastrand::Rng;

/// Bytes at the bounds of encodings.
const EXTREMES: [u8; 7] = [0x00, 0x01, 0x3f, 0x7f, 0x80, 0xc3, 0xff];

/// Changes bytes in one place.
fn edit(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if bytes.is_empty() {
        bytes.extend(some_bytes(rng));
        return;
    }
    let len = bytes.len();
    let at = rng.usize(..len);
    match rng.u8(..9) {
        0 | 1 => bytes[at] ^= 1 << rng.u8(..8),
        2 | 3 => bytes[at] = extreme(rng),
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..(at + rng.usize(1..40)).min(len))),
        6 => drop(bytes.splice(at..at, some_bytes(rng))),
        // Bytes of one place overwrite another.
        7 => {
            let piece = bytes[at..(at + rng.usize(1..60)).min(len)].to_vec();
            let to = rng.usize(..len);
            let end = (to + piece.len()).min(len);
            bytes.splice(to..end, piece);
        }
        // The largest integer replaces a small one.
        _ => drop(bytes.splice(at..=at, [&[0xff; 9][..], &[1]].concat())),
    }
}

/// Changes bytes in one place or a few.
pub(crate) fn edits(bytes: &mut Vec<u8>, rng: &mut Rng) {
    edit(bytes, rng);
    while rng.bool() {
        edit(bytes, rng);
    }
}

/// Changes a list of byte strings: one of its strings in several places, or which strings there are.
pub(crate) fn rearrange(strings: &mut Vec<Vec<u8>>, rng: &mut Rng) {
    if strings.is_empty() {
        strings.push(some_bytes(rng));
    }
    let at = rng.usize(..strings.len());
    match rng.u8(..12) {
        0 => drop(strings.remove(at)),
        1 => strings.insert(at, strings[at].clone()),
        2 => strings.swap(0, at),
        3 => strings.push(some_bytes(rng)),
        4 => strings[at].clear(),
        5 => {
            let middle = rng.usize(..=strings[at].len());
            let rest = strings[at].split_off(middle);
            strings.insert(at + 1, rest);
        }
        _ => edits(&mut strings[at], rng),
    }
}

fn extreme(rng: &mut Rng) -> u8 {
    EXTREMES[rng.usize(..EXTREMES.len())]
}

fn some_bytes(rng: &mut Rng) -> Vec<u8> {
    let random = rng.bool();
    (0..rng.u8(1..20)).map(|_| if random { rng.u8(..) } else { extreme(rng) }).collect()
}
