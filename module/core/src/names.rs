//! Names as they are kept: packed, in arenas that grow without copying.

use core::ops::Deref;
use uuid::fmt::Hyphenated;
use uuid::{Bytes, Uuid};

use crate::blocks::{Blocks, Mover};
use crate::chunked::copy_with_room;
use crate::wire::MAX_NAME;

/// The tag of a packed UUID; any other tag is the length of the plain name that follows.
const UUID_TAG: u8 = 0;

/// A token, buyer, order or id: 1 to 128 bytes. A UUID in canonical lower-case text is packed to 16 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>(Form<'a>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form<'a> {
    Plain(&'a [u8]),
    Uuid(Bytes),
}

impl<'a> Name<'a> {
    /// The name of this text; `None` when it is empty or too long.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Option<Self> {
        match uuid_of(text) {
            Some(uuid) => Some(Self(Form::Uuid(uuid))),
            None => (1..=MAX_NAME).contains(&text.len()).then_some(Self(Form::Plain(text))),
        }
    }

    /// The name as its owner wrote it.
    #[must_use]
    pub fn text(&self) -> Text<'a> {
        Text(match &self.0 {
            Form::Plain(bytes) => Written::Plain(bytes),
            Form::Uuid(uuid) => Written::Uuid(text_of(uuid)),
        })
    }

    /// The packed form: a tag, then what follows it.
    pub(crate) fn packed(&self) -> (u8, &[u8]) {
        match &self.0 {
            // A plain name has at most 128 bytes.
            Form::Plain(bytes) => (u8::try_from(bytes.len()).unwrap_or(u8::MAX), bytes),
            Form::Uuid(uuid) => (UUID_TAG, uuid),
        }
    }

    /// Appends the packed form.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        let (tag, body) = self.packed();
        out.push(tag);
        out.extend_from_slice(body);
    }

    /// Takes a packed name from the front of `bytes`. `None` when there is none, or one that packing would
    /// never have made.
    pub(crate) fn unpack(bytes: &mut &'a [u8]) -> Option<Self> {
        let (&tag, rest) = bytes.split_first()?;
        let len = if tag == UUID_TAG { size_of::<Bytes>() } else { usize::from(tag) };
        let (body, rest) = rest.split_at_checked(len)?;
        *bytes = rest;
        if tag == UUID_TAG {
            return Some(Self(Form::Uuid(body.try_into().ok()?)));
        }
        Self::new(body).filter(|name| matches!(name.0, Form::Plain(_)))
    }
}

/// The text of a [`Name`].
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(Written<'a>);

#[derive(Debug, Clone, Copy)]
enum Written<'a> {
    Plain(&'a [u8]),
    Uuid([u8; Hyphenated::LENGTH]),
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Written::Plain(bytes) => bytes,
            Written::Uuid(text) => text,
        }
    }
}

/// The UUID of a canonical lower-case text; `None` for any other text, which is then kept as it is.
fn uuid_of(text: &[u8]) -> Option<Bytes> {
    if text.len() != Hyphenated::LENGTH || text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    Uuid::try_parse_ascii(text).ok().map(Uuid::into_bytes)
}

fn text_of(uuid: &Bytes) -> [u8; Hyphenated::LENGTH] {
    let mut text = [0; Hyphenated::LENGTH];
    Uuid::from_bytes_ref(uuid).hyphenated().encode_lower(&mut text);
    text
}

/// An arena chunk, as a power of two. No name straddles two chunks.
const CHUNK_BITS: u32 = 16;
const CHUNK: usize = 1 << CHUNK_BITS;
/// The chunks that 32 bits address.
const CHUNKS: usize = 1 << (u32::BITS - CHUNK_BITS);

/// An arena of packed names. A name is found by the address that it got, which never changes.
#[derive(Default)]
pub(crate) struct Names {
    chunks: Vec<Vec<u8>>,
}

impl Clone for Names {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.iter().map(copy_with_room).collect() }
    }
}

impl Names {
    /// Whether one more name can be addressed for sure.
    pub(crate) fn has_room(&self) -> bool {
        self.chunks.len() < CHUNKS
    }

    /// Keeps a name and tells its address; `None` when 32 bits address no more.
    pub(crate) fn add(&mut self, name: &Name<'_>) -> Option<u32> {
        let (_, body) = name.packed();
        let fits = |chunk: &Vec<u8>| chunk.len().saturating_add(body.len()) < CHUNK;
        if !self.chunks.last().is_some_and(fits) {
            if !self.has_room() {
                return None;
            }
            // The first chunk grows from small, for small sales are many.
            let capacity = if self.chunks.is_empty() { 0 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        let number = u32::try_from(self.chunks.len().checked_sub(1)?).ok()?;
        let chunk = self.chunks.last_mut()?;
        let offset = u32::try_from(chunk.len()).ok()?;
        let end = chunk.len().saturating_add(1).saturating_add(body.len());
        if end > chunk.capacity() {
            // To powers of two, which are sizes of the allocator, and end with that of the other chunks.
            chunk.reserve_exact(end.next_power_of_two().saturating_sub(chunk.len()));
        }
        name.pack(chunk);
        Some(number << CHUNK_BITS | offset)
    }

    /// The bytes that begin with the packed name at an address.
    fn at(&self, address: u32) -> Option<&[u8]> {
        let chunk = self.chunks.get(usize::try_from(address >> CHUNK_BITS).ok()?)?;
        let offset = usize::try_from(address).ok()? & CHUNK.wrapping_sub(1);
        chunk.get(offset..)
    }

    /// The name at an address.
    pub(crate) fn get(&self, address: u32) -> Option<Name<'_>> {
        Name::unpack(&mut self.at(address)?)
    }

    /// Whether this very name stands at an address.
    pub(crate) fn is(&self, address: u32, name: &Name<'_>) -> bool {
        let (tag, body) = name.packed();
        let kept = self.at(address).and_then(|bytes| bytes.split_first());
        kept.is_some_and(|(first, rest)| *first == tag && rest.starts_with(body))
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        // All chunks but the first and the last have one size.
        let full = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
        let last = self.chunks.last().map_or(0, Vec::capacity);
        let list = self.chunks.capacity().saturating_mul(size_of::<Vec<u8>>());
        full.saturating_add(last).saturating_add(list)
    }
}

impl Blocks for Names {
    fn move_block(&mut self, number: usize, mover: &mut impl Mover) -> bool {
        self.chunks.move_block(number, mover)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &[u8] = b"0191e0a4-7b6c-7def-8123-456789abcdef";

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Name::new(text).unwrap().pack(&mut out);
        out
    }

    #[test]
    fn a_uuid_in_text_takes_seventeen_bytes() {
        assert_eq!(packed(ID).len(), 17);
        assert_eq!(packed(&ID.to_ascii_uppercase()).len(), 37, "kept as written");
    }

    #[test]
    fn a_name_has_1_to_128_bytes() {
        assert!(Name::new(b"").is_none());
        assert!(Name::new(&[7; 128]).is_some());
        assert!(Name::new(&[7; 129]).is_none());
    }

    #[test]
    fn bytes_that_are_no_packed_name_are_refused() {
        let unpack = |mut bytes: &[u8]| Name::unpack(&mut bytes).is_some();
        assert!(!unpack(b""));
        assert!(!unpack(&[129; 200]), "too long");
        assert!(!unpack(&[5, 1, 2]), "cut short");
        assert!(!unpack(&[0; 16]), "a UUID cut short");
        let plain_uuid = [&[36][..], ID].concat();
        assert!(!unpack(&plain_uuid), "a UUID that was not packed: one name would have two forms");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_name_comes_back_as_it_was(
            names in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 1..=128),
                    any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string().into_bytes()),
                ],
                1..2_000,
            )
        ) {
            let mut arena = Names::default();
            let at: Vec<u32> =
                names.iter().map(|name| arena.add(&Name::new(name).unwrap()).unwrap()).collect();
            for (name, address) in names.iter().zip(at) {
                prop_assert_eq!(&*arena.get(address).unwrap().text(), &name[..]);
                prop_assert!(arena.is(address, &Name::new(name).unwrap()));
                let packed = packed(name);
                let mut rest = &packed[..];
                prop_assert_eq!(Name::unpack(&mut rest), Name::new(name));
                prop_assert!(rest.is_empty());
            }
        }
    }
}
