//! Calling the server, and being called by it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls a function of the module API. All that are called like this exist since Redis 7.0.
///
/// Expands to an unsafe call: the function's contract is the caller's duty.
macro_rules! api {
    ($name:ident($($argument:expr),* $(,)?)) => {
        match ::redis_module::raw::$name {
            Some(function) => function($($argument),*),
            None => $crate::redis::api::missing(stringify!($name)),
        }
    };
}

/// Ends a call into a server that lacks what every server since Redis 7.0 has.
#[cold]
pub(crate) fn missing(name: &str) -> ! {
    panic!("the server has no {name}");
}

/// Runs what the server called. A panic that left it would abort the server, so it becomes `None`; the message
/// has gone to stderr.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
