//! Where the server calls the module.
//!
//! | file | concept |
//! | --- | --- |
//! | `load` | what happens when the module is loaded |
//! | `command_table` | every command: keys, flags, documentation |
//! | `command_entry` | calls of commands |
//! | `data_type` | the data type of sales |
//! | `server_events` | a new role, loaded data, new settings, swapped databases, forks, keys that moved or were evicted |
//! | `clock_steps` | the warning that the clock was set |
//! | `info` | the section of INFO |
//!
//! The timer calls [`crate::commands::run_due`].

mod clock_steps;
mod command_entry;
mod command_table;
mod data_type;
mod info;
mod load;
mod server_events;
