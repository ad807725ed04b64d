//! Calls of commands.

use seckill_core::protocol;

use super::command_table::{self, CATEGORY, TABLE};
use crate::commands;
use crate::redis::command::{self, Commands};
use crate::redis::key_spec::KeySpec;
use crate::redis::{self, Args, Context};

const _: () = assert!(redis::MAX_ARGS == protocol::MAX_ARGS);

struct ModuleCommands;

impl Commands for ModuleCommands {
    fn dynamic_keys(name: &[u8]) -> &'static [KeySpec] {
        command_table::dynamic_keys(name)
    }

    fn run(context: &Context, args: Option<&Args<'_>>) {
        commands::run(context, args);
    }
}

/// Registers every command; `false` when the server refuses one.
pub(super) fn register(context: &Context) -> bool {
    command::add_category(context, CATEGORY);
    TABLE.iter().all(|spec| command::register::<ModuleCommands>(context, CATEGORY, spec))
}
