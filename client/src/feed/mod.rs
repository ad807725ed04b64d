//! The events of a sale, as a stream that goes on whatever happens to the connection and to the server.

mod cursor;
#[cfg(test)]
mod histories;
mod reader;
mod stream;

pub use cursor::{Cursor, ParseCursorError};
pub use stream::{Feed, FeedItem};
