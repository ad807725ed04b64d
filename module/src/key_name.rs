//! The name of a key, to find it again later.

/// A key of a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyName {
    pub(crate) db: i32,
    pub(crate) key: Box<[u8]>,
}

impl KeyName {
    pub(crate) fn new(db: i32, key: &[u8]) -> Self {
        Self { db, key: key.into() }
    }
}
