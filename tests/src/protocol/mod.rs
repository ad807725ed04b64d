//! The commands as clients see them: arguments, replies, errors, and what changes beside the sale.

mod acl;
mod arguments;
mod buy_precedence;
mod command_table;
mod configs;
mod errors;
mod generic_commands;
mod info_section;
mod large_audits;
mod lock_permissions;
mod other_modules;
mod replies;
mod side_effects;
mod transactions;
