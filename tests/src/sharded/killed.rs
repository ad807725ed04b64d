//! The program `seckill sale balance` is killed at each step of a transfer, and another one finishes it.

use std::collections::BTreeMap;

use seckill_client::{EventKind, NewSale};

use super::stage::{JOURNAL, SALE, Stage, keys};
use crate::commands::program::Program;
use crate::harness::conditions::wait_until;
use crate::harness::history::History;
use crate::harness::session::get;

/// A node that still replies to reads does not write from now on.
const PAUSE: &str = "CLIENT PAUSE 60000 WRITE => OK";
const UNPAUSE: &str = "CLIENT UNPAUSE => OK";

/// The last step that was made before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Step {
    Begun,
    Taken,
    Put,
}

/// A sale with a shard on each node.
struct Scene {
    stage: Stage,
    /// The numbers of the shard that has most units, of that which has least, and of the node of the journal.
    from: usize,
    to: usize,
    journal: usize,
}

impl Scene {
    async fn open() -> Self {
        let mut stage = Stage::open("", 3, NewSale::new(3)).await;
        let (_, journal) = stage.cluster.place(SALE).await;
        let (from, to) = ((journal + 1) % 3, (journal + 2) % 3);
        for (shard, units) in [(from, 12), (journal, 4)] {
            stage.sale.shards()[shard].restock(units, "delivery-1").await.unwrap();
            assert_eq!(stage.cluster.place(&keys(&stage.sale)[shard]).await.1, shard);
        }
        assert_eq!(stage.under_way().await, 0);
        Self { stage, from, to, journal }
    }

    async fn play(&self, node: usize, session: &str) {
        self.stage.cluster.nodes[node].play(session).await;
    }

    /// The units of transfers that this shard gave or got.
    async fn has_moved(&self, shard: usize) -> bool {
        let mut connection = self.stage.connection.clone();
        let history = History::read(&mut connection, &keys(&self.stage.sale)[shard]).await;
        let is_transfer = |id: &[u8]| id.starts_with(b"transfer:");
        history.events.iter().any(|event| match &event.kind {
            EventKind::Restocked { id: Some(id), .. } => is_transfer(id),
            _ => false,
        })
    }

    async fn wait_for_move(&self, shard: usize) {
        wait_until("it has moved units", async || self.has_moved(shard).await).await;
    }

    /// Runs the program until it comes to a step, and kills it.
    async fn kill(&self, step: Step) {
        let first = if step == Step::Begun { self.from } else { self.to };
        self.play(first, PAUSE).await;
        let program = Program::at(self.stage.cluster.urls()).start(&format!("sale balance {SALE}"));
        let mut connection = self.stage.cluster.nodes[self.journal].connect().await;
        wait_until("it has begun", async || {
            get::<u64>(&mut connection, &format!("XLEN {JOURNAL}")).await == 1
        })
        .await;
        if step > Step::Begun {
            self.wait_for_move(self.from).await;
        }
        if step == Step::Put {
            self.play(self.journal, PAUSE).await;
            self.play(self.to, UNPAUSE).await;
            self.wait_for_move(self.to).await;
        }
        program.signal("KILL");
        program.ended().await;
        assert_eq!(self.has_moved(self.from).await, step > Step::Begun);
        assert_eq!(self.has_moved(self.to).await, step > Step::Taken);
        for node in [self.from, self.to, self.journal] {
            self.play(node, UNPAUSE).await;
        }
    }
}

#[tokio::test]
async fn another_one_finishes_the_transfer() {
    for step in [Step::Begun, Step::Taken, Step::Put] {
        let mut scene = Scene::open().await;
        scene.kill(step).await;
        assert_eq!(scene.stage.under_way().await, 1, "{step:?}");
        let round = Program::at(scene.stage.cluster.urls()).json(&format!("sale balance {SALE}")).await;
        assert_eq!((&round["finished"], &round["moved"]), (&1.into(), &[0; 0].into()), "{step:?}: {round}");
        assert_eq!(scene.stage.under_way().await, 0, "{step:?}");
        let books = scene.stage.books().await;
        assert_eq!((books.transfers().len(), books.unbalanced()), (1, BTreeMap::new()), "{step:?}");
        assert_eq!(scene.stage.sale.info().await.unwrap().available, 19, "{step:?}");
    }
}
