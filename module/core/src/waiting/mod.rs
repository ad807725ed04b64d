//! Callers that wait: for a lock, in its line, and for the next event of a sale.
//!
//! Nothing here knows the server. The module blocks and unblocks clients, and asks here whom, and with what
//! result.

mod call;
mod line;
mod lines;
mod pace;
mod readers;

pub use call::CallId;
pub use line::{Line, Waiter};
pub use lines::Lines;
pub use pace::Pace;
pub use readers::{Reader, Readers};
