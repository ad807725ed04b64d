//! Samples of cases that are measured side by side, round by round.

use crate::failure::Failure;
use crate::spread::Spread;

/// The samples of each case, one a round.
pub(super) struct Rounds<T>(Vec<Vec<T>>);

impl<T> Rounds<T> {
    pub(super) fn new(cases: usize) -> Self {
        Self((0..cases).map(|_| Vec::new()).collect())
    }

    /// The cases in the order of this round: backwards in every other one, so that what grows or slows down hits all alike.
    pub(super) fn order(&self, round: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        order
    }

    pub(super) fn add(&mut self, case: usize, sample: T) {
        self.0[case].push(sample);
    }

    /// A figure of a case.
    pub(super) fn figure(&self, case: usize, figure: impl Fn(&T) -> f64) -> Result<Spread, Failure> {
        Ok(Spread::of(self.0[case].iter().map(figure)).ok_or("no rounds")?)
    }

    /// A figure of a case as a multiple of that of another one in the same round.
    pub(super) fn ratio(
        &self,
        case: usize,
        other: usize,
        figure: impl Fn(&T) -> f64,
    ) -> Result<Spread, Failure> {
        let pairs = self.0[case].iter().zip(&self.0[other]);
        Ok(Spread::of(pairs.map(|(case, other)| figure(case) / figure(other))).ok_or("no rounds")?)
    }
}
