//! One schedule: random actions on a few servers, and then their recovery.

use crate::actions::ACTIONS;
use crate::simulation::{Simulation, Tally};

impl Simulation {
    /// Takes random actions, and then lets all nodes recover.
    pub(crate) fn run(mut self) -> Tally {
        // Each schedule has weights of its own: in some, many actions are never taken.
        let mut weights: Vec<u64> =
            ACTIONS.iter().map(|(_, weight, _)| weight * self.random.below(4)).collect();
        weights[0] = ACTIONS[0].1;
        for _ in 0..150 + self.random.below(350) {
            self.steps += 1;
            let pause = if self.random.one_in(12) { 40_000 } else { 2_000 };
            self.now.0 += 1 + self.random.below(pause);
            let (name, _, act) = ACTIONS[self.draw(&weights)];
            self.count(name);
            act(&mut self);
            if self.random.one_in(32) {
                self.check_all();
            }
        }
        self.check_all();
        self.recover();
        self.tally
    }

    /// An index, as often as its weight says.
    fn draw(&mut self, weights: &[u64]) -> usize {
        let mut drawn = self.random.below(weights.iter().sum());
        let is_drawn = |weight: &u64| {
            let is = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            is
        };
        weights.iter().position(is_drawn).unwrap()
    }
}
