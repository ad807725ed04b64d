//! A vote among servers.

use crate::error::Error;

/// What came of a vote.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// A majority agrees.
    Yes,
    /// So many refuse that no majority can agree.
    No,
    /// Too many did not answer.
    Unknown {
        /// What one of them failed with, if it was not the time that was up.
        error: Option<Error>,
        /// How many refused.
        refused: usize,
    },
}

/// The votes so far.
pub(crate) struct Votes {
    servers: usize,
    yes: usize,
    no: usize,
    failed: usize,
    error: Option<Error>,
}

impl Votes {
    pub(crate) fn of(servers: usize) -> Self {
        Self { servers, yes: 0, no: 0, failed: 0, error: None }
    }

    pub(crate) fn count(&mut self, vote: Result<bool, Error>) {
        match vote {
            Ok(true) => self.yes += 1,
            Ok(false) => self.no += 1,
            Err(error) => {
                self.failed += 1;
                self.error = Some(error);
            }
        }
    }

    /// Whether no further vote can change the verdict.
    pub(crate) fn are_decided(&self) -> bool {
        let votes = self.yes + self.no + self.failed;
        self.is_agreed() || self.is_refused() || votes == self.servers
    }

    pub(crate) fn verdict(self) -> Verdict {
        if self.is_agreed() {
            Verdict::Yes
        } else if self.is_refused() {
            Verdict::No
        } else {
            Verdict::Unknown { error: self.error, refused: self.no }
        }
    }

    fn is_agreed(&self) -> bool {
        self.yes >= self.quorum()
    }

    fn is_refused(&self) -> bool {
        self.servers - self.no < self.quorum()
    }

    fn quorum(&self) -> usize {
        self.servers / 2 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::timed_out;

    /// The verdict of so many servers after these votes: `y`es, `n`o, or `f`ailed. It is decided by the last of them.
    fn verdict(servers: usize, votes: &str) -> Verdict {
        let mut count = Votes::of(servers);
        for vote in votes.chars() {
            assert!(!count.are_decided(), "{votes}");
            count.count(match vote {
                'f' => Err(timed_out().into()),
                vote => Ok(vote == 'y'),
            });
        }
        assert!(count.are_decided(), "{votes}");
        count.verdict()
    }

    #[test]
    fn a_majority_agrees() {
        for (servers, votes) in [(1, "y"), (2, "yy"), (3, "yny"), (3, "fyy"), (4, "yyy"), (5, "yfyny")] {
            assert!(matches!(verdict(servers, votes), Verdict::Yes), "{votes}");
        }
    }

    #[test]
    fn no_majority_can_agree() {
        for (servers, votes) in [(1, "n"), (2, "n"), (3, "ynn"), (3, "fnn"), (4, "nn"), (5, "nynn")] {
            assert!(matches!(verdict(servers, votes), Verdict::No), "{votes}");
        }
    }

    #[test]
    fn too_many_fail() {
        for (servers, votes) in [(1, "f"), (2, "yf"), (3, "ffy"), (3, "fny"), (5, "fnyfy")] {
            assert!(matches!(verdict(servers, votes), Verdict::Unknown { error: Some(_), .. }), "{votes}");
        }
        assert!(matches!(Votes::of(3).verdict(), Verdict::Unknown { error: None, .. }));
    }
}
