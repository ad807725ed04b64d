//! What a caller was told about an order.

use std::fmt;

use seckill_client::State;

/// The states of an order, in a byte: a load has millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Held,
    Sold,
    Cancelled,
    Expired,
}

/// An answer about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It exists.
    Order(Status),
    /// There is no such order.
    Refused,
    /// There was none, but an attempt whose reply was lost may still arrive.
    NotYet,
    /// A lost reply, an error, or a word of a newer server.
    Unknown,
}

/// What a caller wants of an order that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Confirm,
    Cancel,
}

/// All answers about one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The number of the buyer.
    pub(super) buyer: u32,
    /// The answer to the purchase.
    pub(super) bought: Answer,
    /// The answer to the same purchase, made again.
    pub(super) again: Option<Answer>,
    /// What was asked then, and the answer.
    pub(super) ended: Option<(Ending, Answer)>,
}

impl Status {
    pub(super) fn of(state: &State) -> Option<Self> {
        Some(match state {
            State::Held => Self::Held,
            State::Sold => Self::Sold,
            State::Cancelled => Self::Cancelled,
            State::Expired => Self::Expired,
            _ => return None,
        })
    }

    /// The word of the protocol.
    pub(super) fn state(self) -> State {
        match self {
            Self::Held => State::Held,
            Self::Sold => State::Sold,
            Self::Cancelled => State::Cancelled,
            Self::Expired => State::Expired,
        }
    }
}

impl Ending {
    /// The event that it leads to.
    pub(super) fn status(self) -> Status {
        match self {
            Self::Confirm => Status::Sold,
            Self::Cancel => Status::Cancelled,
        }
    }
}

impl Answer {
    /// The state that it names.
    pub(super) fn status(self) -> Option<Status> {
        match self {
            Self::Order(status) => Some(status),
            _ => None,
        }
    }
}

impl Told {
    /// The answers to the purchase.
    pub(super) fn purchases(&self) -> impl Iterator<Item = Answer> {
        [Some(self.bought), self.again].into_iter().flatten()
    }

    /// Whether the purchase got the units, whatever became of them.
    pub(super) fn is_accepted(&self) -> bool {
        self.purchases().any(|answer| answer.status().is_some())
    }

    /// All answers, in their sequence.
    pub(super) fn answers(&self) -> impl Iterator<Item = Answer> {
        self.purchases().chain(self.ended.map(|(_, answer)| answer))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().fmt(f)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(status) => status.fmt(f),
            Self::Refused => f.write_str("refused"),
            Self::NotYet => f.write_str("refused for now"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// `BUY: HELD, CONFIRM: SOLD`.
impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BUY: {}", self.bought)?;
        if let Some(again) = self.again {
            write!(f, ", again: {again}")?;
        }
        match self.ended {
            Some((Ending::Confirm, answer)) => write!(f, ", CONFIRM: {answer}"),
            Some((Ending::Cancel, answer)) => write!(f, ", CANCEL: {answer}"),
            None => Ok(()),
        }
    }
}
