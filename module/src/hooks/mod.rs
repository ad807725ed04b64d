//! Where the server calls the module.
//!
//! | file | concept |
//! | --- | --- |
//! | `load` | what happens when the module is loaded |
//! | `command_table` | every command: keys, flags, documentation |
//! | `command_entry` | calls of commands |
//! | `data_type` | the data type of sales |
//! | `server_events` | a new role, loaded data, new settings, databases that changed, forks, keys that changed, clients that disconnect |
//! | `clock_steps` | the warning that the clock was set |
//! | `info` | the section of INFO |
//!
//! The timers call [`crate::commands::run_due`], [`crate::commands::serve_lines`] and
//! [`crate::commands::wake_readers`].

mod clock_steps;
mod command_entry;
mod command_table;
mod data_type;
mod info;
mod load;
mod server_events;
