//! Buyers, order ids, restock ids and tokens: 1 to 128 bytes. A value of these types has been
//! checked.

use core::fmt;
use core::ops::Deref;

use uuid::fmt::Hyphenated;
use uuid::{Bytes, Uuid};

use super::error::Error;
use super::limits::MAX_NAME;
use crate::format::UUID_TAG;

const _: () = assert!(MAX_NAME <= u8::MAX as usize, "the tag of a plain name is its length");

/// A buyer, an order id or a restock id. Unlike a token it is no secret.
///
/// A UUID in canonical lower-case text is packed to 16 bytes; any other name is kept as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>(Form<'a>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form<'a> {
    Plain(&'a [u8]),
    Uuid(Bytes),
}

impl<'a> Name<'a> {
    /// The name of this text. `what` is what the error calls it.
    pub fn new(what: &'static str, text: &'a [u8]) -> Result<Self, Error> {
        match packed_uuid(text) {
            Some(uuid) => Ok(Self(Form::Uuid(uuid))),
            None => check_length(what, text).map(|text| Self(Form::Plain(text))),
        }
    }

    /// The name as the caller wrote it.
    #[must_use]
    pub fn text(&self) -> Text<'a> {
        Text(match &self.0 {
            Form::Plain(bytes) => Written::Plain(bytes),
            Form::Uuid(uuid) => Written::Uuid(uuid_text(uuid)),
        })
    }

    /// The packed form: a tag, and the bytes that follow it.
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
        Self::new("name", body).ok().filter(|name| matches!(name.0, Form::Plain(_)))
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.text().escape_ascii())
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

/// The secret that identifies the owner of a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token<'a>(&'a [u8]);

impl<'a> Token<'a> {
    /// The token of these bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        check_length("token", bytes).map(Self)
    }

    /// The token as the caller wrote it.
    #[inline]
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Whoever has the token can release the lock, so it appears in no log.
impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

fn check_length<'a>(what: &'static str, text: &'a [u8]) -> Result<&'a [u8], Error> {
    if (1..=MAX_NAME).contains(&text.len()) { Ok(text) } else { Err(Error::Length(what)) }
}

/// The UUID of a canonical lower-case text; `None` for any other text.
fn packed_uuid(text: &[u8]) -> Option<Bytes> {
    if text.len() != Hyphenated::LENGTH || text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    Uuid::try_parse_ascii(text).ok().map(Uuid::into_bytes)
}

fn uuid_text(uuid: &Bytes) -> [u8; Hyphenated::LENGTH] {
    let mut text = [0; Hyphenated::LENGTH];
    Uuid::from_bytes_ref(uuid).hyphenated().encode_lower(&mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &[u8] = b"0191e0a4-7b6c-7def-8123-456789abcdef";

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Name::new("order", text).unwrap().pack(&mut out);
        out
    }

    #[test]
    fn a_uuid_in_text_takes_seventeen_bytes() {
        assert_eq!(packed(ID).len(), 17);
        assert_eq!(packed(&ID.to_ascii_uppercase()).len(), 37, "kept as written");
    }

    #[test]
    fn a_name_has_1_to_128_bytes() {
        assert_eq!(Name::new("order", b""), Err(Error::Length("order")));
        assert!(Name::new("order", &[7; 128]).is_ok());
        assert_eq!(Name::new("id", &[7; 129]), Err(Error::Length("id")));
        assert_eq!(Token::new(&[7; 129]), Err(Error::Length("token")));
    }

    #[test]
    fn debug_shows_names_and_hides_tokens() {
        assert_eq!(format!("{:?}", Name::new("order", b"a\n").unwrap()), r#""a\n""#);
        assert_eq!(format!("{:?}", Token::new(b"secret").unwrap()), "Token(..)");
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
        #[test]
        fn every_name_unpacks_to_itself(
            text in prop_oneof![
                prop::collection::vec(any::<u8>(), 1..=MAX_NAME),
                any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string().into_bytes()),
            ]
        ) {
            let packed = packed(&text);
            let mut rest = &packed[..];
            let name = Name::unpack(&mut rest).unwrap();
            prop_assert_eq!(Ok(name), Name::new("order", &text));
            prop_assert_eq!(&*name.text(), &text[..]);
            prop_assert!(rest.is_empty());
        }
    }
}
