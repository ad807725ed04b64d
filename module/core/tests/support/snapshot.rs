//! Sales to bytes and back, as a server does it.

use seckill_core::protocol::Seq;
use seckill_core::{LoadError, Loading, Origin, Sale, Seed};

pub(super) const SEED: Seed = Seed([11, 12]);

/// The head and the parts of a snapshot.
pub(crate) fn parts(sale: &Sale) -> Vec<Vec<u8>> {
    let mut parts = vec![sale.snapshot_head()];
    let (mut after, mut part) = (Seq(0), Vec::new());
    while let Some(last) = sale.snapshot_part(after, &mut part) {
        parts.push(part.clone());
        after = last;
    }
    parts
}

/// Loads a head and all of these parts.
pub(crate) fn load_parts(parts: &[Vec<u8>]) -> Result<Sale, LoadError> {
    let (head, parts) = parts.split_first().unwrap();
    let mut loading = Loading::new(head, SEED, Origin::Trusted)?;
    for part in parts {
        loading.part(part)?;
    }
    loading.finish()
}

/// A snapshot in one run of bytes, as [`frame`] makes it.
pub(crate) fn save(sale: &Sale) -> Vec<u8> {
    frame(&parts(sale))
}

/// Loads what [`save`] made: as a server does it, part by part, until no more is wanted.
pub(crate) fn load(mut bytes: &[u8]) -> Result<Sale, LoadError> {
    let mut loading = Loading::new(unframe(&mut bytes), SEED, Origin::Trusted)?;
    while loading.wants_more() {
        loading.part(unframe(&mut bytes))?;
    }
    loading.finish()
}

/// The sale as it comes back from its snapshot.
pub(crate) fn reload(sale: &Sale) -> Sale {
    load(&save(sale)).unwrap()
}

/// Pieces in one run of bytes, each after its length in four bytes.
pub(crate) fn frame(pieces: &[Vec<u8>]) -> Vec<u8> {
    let framed = |piece: &Vec<u8>| [&u32::try_from(piece.len()).unwrap().to_le_bytes()[..], piece].concat();
    pieces.iter().flat_map(framed).collect()
}

/// Takes one piece from the front. A piece that is cut short ends with the bytes.
pub(crate) fn unframe<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let Some((len, rest)) = bytes.split_first_chunk() else {
        return core::mem::take(bytes);
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap().min(rest.len());
    let (piece, rest) = rest.split_at(len);
    *bytes = rest;
    piece
}
