//! All places where a sale is measured. They are there from the beginning to the end.

use seckill_launcher::Program;

use super::place::Place;
use crate::failure::Failure;

/// How many nodes the clusters have.
pub(super) const NODES: [usize; 3] = [1, 2, 4];

pub(super) struct Places {
    /// One server, for an ordinary sale.
    pub(super) alone: Place,
    /// A cluster of so many nodes each.
    pub(super) clusters: [Place; NODES.len()],
}

impl Places {
    pub(super) async fn start(program: &Program) -> Result<Self, Failure> {
        let cluster = |nodes| Place::cluster(program, nodes);
        let [one, two, four] = NODES.map(cluster);
        let (alone, one, two, four) = tokio::try_join!(Place::alone(program), one, two, four)?;
        Ok(Self { alone, clusters: [one, two, four] })
    }

    /// The largest cluster.
    pub(super) fn largest(&mut self) -> &mut Place {
        let [.., largest] = &mut self.clusters;
        largest
    }
}
