//! What failed in some shards of a sale only.

use std::fmt;

use seckill_client::Error;

use crate::exit::Failure;

/// The numbers of shards in their order, for a person: `shards 0-3, 5`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'n>(pub(crate) &'n [usize]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.len() == 1 { "shard " } else { "shards " })?;
        let follows = |one: &usize, next: &usize| one + 1 == *next;
        for (place, run) in self.0.chunk_by(follows).enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            match run {
                [one, next] => write!(f, "{comma}{one}, {next}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [one] => write!(f, "{comma}{one}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

/// What shards, by their numbers, replied to the same command: the replies, and the failures if there are any.
pub(crate) struct Replies<T> {
    pub(crate) done: Vec<(usize, T)>,
    failed: Vec<(usize, Failure)>,
}

impl<T> Replies<T> {
    /// Of a reply of each shard.
    pub(crate) fn of(replies: Vec<Result<T, Error>>) -> Self {
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (shard, reply) in replies.into_iter().enumerate() {
            match reply {
                Ok(reply) => done.push((shard, reply)),
                Err(error) => failed.push((shard, error.into())),
            }
        }
        Self { done, failed }
    }

    /// The failures, each with the shards where it was; `None` where all shards replied. Of an ordinary sale the only one
    /// needs no number.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let (_, first) = self.failed.first()?;
        if self.done.is_empty() && self.failed.len() == 1 {
            return Some(first.clone());
        }
        let mut texts: Vec<(String, Vec<usize>)> = Vec::new();
        for (shard, failure) in &self.failed {
            let text = failure.to_string();
            match texts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, shards)) => shards.push(*shard),
                None => texts.push((text, vec![*shard])),
            }
        }
        // All refuse it alike.
        if self.done.is_empty() && texts.len() == 1 && !matches!(first, Failure::Server(_)) {
            return Some(first.clone());
        }
        let lines: Vec<_> =
            texts.iter().map(|(text, shards)| format!("{}: {text}", Numbers(shards))).collect();
        Some(Failure::Server(lines.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use seckill_client::Code;

    use super::*;

    #[test]
    fn shards_are_named_by_ranges() {
        for (numbers, text) in [
            (&[3][..], "shard 3"),
            (&[4, 5], "shards 4, 5"),
            (&[0, 1, 2, 3, 7], "shards 0-3, 7"),
            (&[0, 2, 4, 5, 6], "shards 0, 2, 4-6"),
        ] {
            assert_eq!(Numbers(numbers).to_string(), text);
        }
    }

    fn refused(message: &str) -> Result<(), Error> {
        Err(Error::Server { code: Code::Err, message: message.to_owned() })
    }

    #[test]
    fn a_failure_names_its_shards() {
        let failure = |replies| Replies::of(replies).failure();
        assert!(failure(vec![Ok(()), Ok(())]).is_none());
        let some = failure(vec![refused("a"), Ok(()), refused("b"), refused("a")]);
        assert!(matches!(some, Some(Failure::Server(text)) if text == "shards 0, 3: ERR a\nshard 2: ERR b"));
        let all = failure(vec![refused("a"), refused("a")]);
        assert!(matches!(all, Some(Failure::Usage(text)) if text == "ERR a"));
    }
}
