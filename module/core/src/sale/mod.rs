//! A sale: its state, the decisions about it, and what is made of them.
//!
//! | file | concept |
//! | --- | --- |
//! | `state` | the state. Its fields are visible in this folder alone, so nobody outside changes a sale |
//! | `event` | what happens to a sale |
//! | `decide` | requests to decisions. Reads, and changes nothing |
//! | `bundle` | purchases from several sales, all of them or none |
//! | `apply` | events to the state: the only way in which it changes |
//! | `replicate` | decisions to batches, and batches of another copy to the state |
//! | `batch` | the bytes of a batch |
//! | `codec` | the bytes of an event, in a batch and in the log |
//! | `log` | the history in memory |
//! | `holds` | the deadlines of held orders |
//! | `read` | ORDER, BUYER, INFO, EVENTS |
//! | `audit` | recomputes every figure |
//! | `snapshot` | a sale to bytes and back |
//! | `relocate` | its memory, for active defragmentation |

mod apply;
mod audit;
mod batch;
mod bundle;
mod codec;
mod decide;
mod event;
mod holds;
mod log;
mod read;
mod relocate;
mod replicate;
mod snapshot;
mod state;

pub use apply::ApplyError;
pub use audit::AuditError;
pub use batch::{BatchReader, MalformedBatch};
pub use bundle::{Bundle, Part};
pub use decide::{Decision, Moment, Outcome};
pub use event::{Claim, Entry, Event, NamedEvent, OpenStatus, OrderStatus};
pub use read::{Info, OrderView, Role};
pub use replicate::Origin;
pub use snapshot::{LoadError, Loading, PART};
pub use state::{Sale, Units};
