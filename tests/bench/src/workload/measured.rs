//! A command that is measured many times.

use std::ops::Range;

use redis::Cmd;

use crate::failure::Failure;
use crate::pipe::{Pipe, Reply};

/// The numbers of the calls of a run: no two runs have the same.
pub(crate) type Numbers = Range<u64>;

/// Work before or after the calls of these numbers.
type Step = dyn Fn(&mut Pipe, Numbers) -> Result<(), Failure> + Send;

/// A command that is measured.
pub(crate) struct Workload {
    pub(crate) name: String,
    /// Prepares the server for the calls of these numbers.
    pub(crate) prepare: Box<Step>,
    /// The call of a number.
    pub(crate) call: Box<dyn Fn(u64) -> Cmd + Send>,
    /// The expected reply of each call.
    pub(crate) reply: Reply,
    /// Deletes what the calls left behind.
    pub(crate) tidy: Box<Step>,
    /// The names of its rivals: what a user would do without Seckill.
    pub(crate) rivals: Vec<String>,
    /// Whether its command is of a module in PEER_MODULES.
    pub(crate) of_peer: bool,
}

impl Workload {
    pub(super) fn new(
        name: impl Into<String>,
        reply: Reply,
        call: impl Fn(u64) -> Cmd + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(|_, _| Ok(())),
            call: Box::new(call),
            reply,
            tidy: Box::new(|_, _| Ok(())),
            rivals: Vec::new(),
            of_peer: false,
        }
    }

    pub(super) fn after(
        mut self,
        prepare: impl Fn(&mut Pipe, Numbers) -> Result<(), Failure> + Send + 'static,
    ) -> Self {
        self.prepare = Box::new(prepare);
        self
    }

    pub(super) fn before(
        mut self,
        tidy: impl Fn(&mut Pipe, Numbers) -> Result<(), Failure> + Send + 'static,
    ) -> Self {
        self.tidy = Box::new(tidy);
        self
    }

    pub(super) fn beside(mut self, rival: impl Into<String>) -> Self {
        self.rivals.push(rival.into());
        self
    }

    pub(super) fn of_peer(mut self) -> Self {
        self.of_peer = true;
        self
    }

    /// The command as the server names it.
    pub(crate) fn command(&self) -> String {
        let call = (self.call)(0);
        let name = match call.args_iter().next() {
            Some(redis::Arg::Simple(name)) => name,
            _ => &[],
        };
        String::from_utf8_lossy(name).into_owned()
    }
}
