//! The memory of a process, shared by the handles of a sale.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::time::timeout_at;

use super::connections::Connections;
use super::figures::LIFE;
use super::knowledge::{Knowledge, Progress};
use crate::client::Client;
use crate::connect::Connect;
use crate::words::Refusal;

/// What a process knows of the shards (keys) of one sale. Clones share it. Its connections are closed with the last one.
pub(crate) struct Memory<C: Connect> {
    client: Client<C>,
    knowledge: Arc<Knowledge>,
    /// Used by whoever learns.
    connections: Arc<Mutex<Connections>>,
}

/// A refusal that is known.
struct Known {
    refusal: Refusal,
    is_certain: bool,
    ends_soon: bool,
}

impl<C: Connect> Memory<C> {
    /// Nothing is known, and nothing is sent.
    pub(crate) fn new(client: &Client<C>, keys: Vec<Vec<u8>>) -> Self {
        let knowledge = Arc::new(Knowledge::new(keys));
        let connections = Arc::new(Mutex::new(Connections::new(&knowledge)));
        Self { client: client.clone(), knowledge, connections }
    }

    #[cfg(test)]
    pub(super) fn knowledge(&self) -> &Arc<Knowledge> {
        &self.knowledge
    }

    /// Why the sale refuses a new order of so many units at this moment, if that is known for certain. Takes no lock,
    /// writes nothing that other cores read, and allocates nothing.
    pub(crate) fn refusal(&self, qty: u32) -> Option<Refusal> {
        self.known(qty).filter(|known| known.is_certain).map(|known| known.refusal)
    }

    /// The same for an order that is refused by it. What ends soon is learned again, so that no order has to go to the server
    /// only because it ended; but one does when it is not certain any more.
    pub(super) fn refuse(&self, qty: u32) -> Option<Refusal> {
        let known = self.known(qty)?;
        if !known.is_certain && self.knowledge.asks_again(Instant::now()) {
            return None;
        }
        if known.ends_soon {
            self.learn();
        }
        Some(known.refusal)
    }

    fn known(&self, qty: u32) -> Option<Known> {
        let verdict = self.knowledge.verdict();
        let verdict = verdict.as_ref()?;
        let refusal = verdict.refusal(qty)?;
        let now = Instant::now();
        let is_certain = verdict.is_certain(&refusal, now);
        (now < verdict.until).then_some(Known { refusal, is_certain, ends_soon: now >= verdict.stale_at })
    }

    /// The servers refused an order as they would all others. If that is certain, what they say of the sale is learned in the
    /// background.
    pub(super) fn note_refusal(&self, refusal: &Refusal, is_certain: bool) {
        if matches!(refusal, Refusal::SoldOut | Refusal::Short) {
            self.knowledge.note_refusal(is_certain);
        }
        if is_certain {
            self.learn();
        }
    }

    /// This process changed the sale.
    pub(crate) fn forget(&self) {
        self.knowledge.forget_all();
    }

    /// Learns in the background what all shards have, unless it is known or being learned, or it failed just now.
    fn learn(&self) -> Progress {
        let (progress, learning) = self.knowledge.begin();
        if let Some(learning) = learning {
            let (client, connections) = (self.client.clone(), self.connections.clone());
            self.client.background().run(async move {
                let learned = connections.lock().await.learn(&client, &learning).await;
                if let Err(error) = learned {
                    learning.fail(&error);
                }
            });
        }
        progress
    }

    /// Resolves when it is not known any more that a new order of so many units is refused: at once when the sale is known to
    /// have them. What is not known is learned first; while somebody waits it is learned again before it ends. When it
    /// cannot be learned this resolves after a second, so that who waits and buys in turn never asks more often.
    pub(crate) async fn changed(&self, qty: u32) {
        let give_up = Instant::now() + LIFE;
        let mut was_refused = false;
        loop {
            let mut news = std::pin::pin!(self.knowledge.news.notified());
            news.as_mut().enable();
            let progress = self.learn();
            let wake = match self.known(qty) {
                Some(Known { is_certain: true, .. }) => {
                    was_refused = true;
                    self.knowledge.next_step()
                }
                _ if Instant::now() >= give_up => return,
                // Whoever asks again must not do so all the time.
                Some(_) => give_up,
                None if was_refused || progress == Progress::Known => return,
                None => give_up,
            };
            let _ = timeout_at(wake.into(), news).await;
        }
    }
}

impl<C: Connect> Clone for Memory<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            knowledge: self.knowledge.clone(),
            connections: self.connections.clone(),
        }
    }
}
