//! What crosses the wire: words, limits, commands and errors.
//!
//! | file | concept |
//! | --- | --- |
//! | `words` | command names, keywords, reply words, error codes |
//! | [`field`] | field names of replies that are maps |
//! | `limits` | the limits on everything that comes from outside |
//! | `integer` | decimal integers from bytes |
//! | `number` | a type for each kind of number |
//! | `name` | buyers, order ids, restock ids, tokens |
//! | `rules` | the rules of a sale |
//! | `command` | the commands with their arguments |
//! | `purchase` | the arguments of BUY and BUYALL |
//! | `syntax` | the arguments of each command, and what a wrong one was meant to be |
//! | `parse`, `encode` | bytes to commands and back |
//! | `error` | why a command was not carried out |
//! | `particulars` | how a sale differs from the one that CREATE asks for |

mod command;
mod encode;
mod error;
pub mod field;
mod integer;
mod limits;
mod name;
mod number;
mod parse;
mod particulars;
mod purchase;
mod rules;
mod syntax;
mod words;

pub use command::{Command, Query, Request};
pub use error::{Capacity, Error, PARTICULARS, Word};
pub use limits::{
    ATTEMPTS_PER_UNIT, AUDIT_ORDERS, BUY_EXPIRES, BUYER_ORDERS, EVENTS_DEFAULT, EVENTS_MAX, FIRST_INSTANT,
    FOREIGN_LEAD, LATEST_FOREIGN_MS, LEAST_ATTEMPTS, MAX_ARGS, MAX_EVENTS, MAX_INT, MAX_NAME, MAX_ORDERS,
    MAX_QTY, MAX_SALES, WAITERS_MAX,
};
pub use name::{Name, Text, Token};
pub use number::{
    BuyerNumber, Epoch, Fence, Millis, OrderNumber, RestockNumber, Seq, Term, UnixMicros, UnixMs,
};
pub use purchase::{Buy, BuyAll, Guard, Quantities};
pub use rules::{Alteration, Rules};
pub use syntax::Unit;
pub use words::{Code, CommandName, EXPIRE_EVENT, EventName, FREE, Keyword, Phase, Refusal, State};
