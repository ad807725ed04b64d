//! Calling the server, and being called by it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::context::log;

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

/// Panics: the server lacks a function that every server since Redis 7.0 has.
#[cold]
pub(crate) fn missing(name: &str) -> ! {
    panic!("the server has no {name}");
}

/// Runs what the server called. A panic that left it would abort the server, so it becomes `None`, and a line
/// in the server's log.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    let report = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        log(std::ptr::null_mut(), &format!("a call into the module failed: {text}"));
    };
    catch_unwind(AssertUnwindSafe(call)).map_err(report).ok()
}
