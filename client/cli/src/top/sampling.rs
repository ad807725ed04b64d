//! Samples in the background, one an interval.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::sample::Sample;
use super::sampler::Sampler;
use crate::exit::Failure;

/// What the view wants to have read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) is_paused: bool,
    /// The sale that is shown in detail.
    pub(super) detail: Option<Vec<u8>>,
}

/// Reads the servers until nobody takes the samples any more. A pass has just ended.
pub(super) async fn run(
    mut sampler: Sampler,
    interval: Duration,
    demand: watch::Receiver<Demand>,
    samples: mpsc::Sender<Result<Sample, Failure>>,
) {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    // After a pass that took long, the next ones keep their distance.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Demand { is_paused, detail } = demand.borrow().clone();
        if is_paused {
            if samples.is_closed() {
                return;
            }
            continue;
        }
        if samples.send(sampler.pass(detail.as_deref()).await).await.is_err() {
            return;
        }
    }
}
