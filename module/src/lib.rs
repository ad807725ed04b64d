//! Flash sales that do not oversell: the Redis module.
//!
//! A call goes one way: `redis` takes it from the server, `commands` turns it into a question to
//! `seckill-core`, tells everybody what was decided, and replies.
//!
//! | module | concept |
//! | --- | --- |
//! | `table` | every command: what COMMAND says of it, its keys, its flags |
//! | `commands` | arguments to core to reply, one file a family |
//! | `change` | a change of a sale, and all who are told of it |
//! | `schedule` | which sale has holds that fall due, and when |
//! | `state` | what the module knows besides the keyspace: fence, tenure, configs, counters |
//! | `redis` | all that touches the C API, and all `unsafe` |

#![deny(unsafe_code)]

mod change;
mod commands;
mod redis;
mod schedule;
mod state;
mod table;
