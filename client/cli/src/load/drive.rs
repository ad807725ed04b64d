//! The callers: each makes one purchase after another, or as many begin each second.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::caller::purchase;
use super::gate::Gate;
use super::pace;
use super::plan::Plan;
use super::record::Record;
use crate::servers::AnySale;

/// What all callers share.
pub(super) struct Drive {
    /// The sale, by each of the connections.
    pub(super) sales: Vec<AnySale>,
    pub(super) plan: Plan,
    pub(super) gate: Gate,
    pub(super) record: Mutex<Record>,
}

impl Drive {
    /// So many callers, each of whom waits for the answers before the next purchase.
    pub(super) async fn closed_loop(self: Arc<Self>, callers: u32) {
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let drive = self.clone();
            tasks.spawn(async move {
                while let Some(number) = drive.gate.enter() {
                    drive.purchase(number, Instant::now()).await;
                }
            });
        }
        tasks.join_all().await;
    }

    /// So many purchases begin each second, however long the answers take, as long as not more than this are under way.
    pub(super) async fn open_loop(self: Arc<Self>, per_second: u32, in_flight: u32) {
        let places = Arc::new(Semaphore::new(in_flight as usize));
        let mut instants = pace::instants(Instant::now(), per_second);
        let mut tasks = JoinSet::new();
        while let Some(due) = instants.recv().await {
            while tasks.try_join_next().is_some() {}
            // It is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { break };
            let Some(number) = self.gate.enter() else { break };
            let drive = self.clone();
            tasks.spawn(async move {
                drive.purchase(number, due).await;
                drop(place);
            });
        }
        drop(instants);
        tasks.join_all().await;
    }

    async fn purchase(&self, number: u64, due: Instant) {
        let delay = due.elapsed();
        let sale = &self.sales[number as usize % self.sales.len()];
        let ended = purchase(sale, &self.plan, number, due).await;
        if ended.lasting_error().is_some() {
            self.gate.close();
        }
        self.record().enter(number, ended, delay);
    }

    /// The record so far.
    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
