//! What a client does in the background.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::runtime::{Handle, Id};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Work = BoxFuture<'static, ()>;

/// One task for all that a client and its clones do in the background; where a process has several runtimes, one on each.
/// A task starts with the first work, and ends when this is dropped: work that must be done holds what holds this.
#[derive(Default)]
pub(crate) struct Background(Mutex<Vec<(Id, UnboundedSender<Work>)>>);

impl Background {
    /// Does this, beside all other work, on the runtime of the caller. Outside of one only a task that runs already can.
    pub(crate) fn run(&self, work: impl Future<Output = ()> + Send + 'static) {
        // A panic must not end the other work.
        let work: Work = Box::pin(AssertUnwindSafe(work).catch_unwind().map(drop));
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|(_, task)| !task.is_closed());
        let here = Handle::try_current();
        let known = match &here {
            Ok(runtime) => tasks.iter().find(|(id, _)| *id == runtime.id()),
            Err(_) => tasks.first(),
        };
        if let Some((_, task)) = known {
            // It cannot fail but when the runtime ends at this moment.
            let _ = task.send(work);
        } else if let Ok(runtime) = here {
            let (task, receiver) = unbounded_channel();
            // It cannot fail: the receiver is here.
            let _ = task.send(work);
            runtime.spawn(run(receiver));
            tasks.push((runtime.id(), task));
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background")
    }
}

async fn run(mut received: UnboundedReceiver<Work>) {
    let mut works = FuturesUnordered::new();
    loop {
        tokio::select! {
            work = received.recv() => match work {
                Some(work) => works.push(work),
                None => return,
            },
            Some(()) = works.next() => {}
        }
    }
}
