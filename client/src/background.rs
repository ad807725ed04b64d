//! What a client does in the background.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Work = BoxFuture<'static, ()>;

/// One task for all that a client and its clones do in the background. It starts with the first work, and ends when
/// this is dropped and all is done.
#[derive(Default)]
pub(crate) struct Background(Mutex<Option<UnboundedSender<Work>>>);

impl Background {
    /// Does this, beside all other work. Outside of a runtime only a task that runs already can.
    pub(crate) fn run(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work: Work = Box::pin(work);
        if let Some(known) = &*task {
            match known.send(work) {
                Ok(()) => return,
                // The runtime in which it ran is gone.
                Err(unsent) => work = unsent.0,
            }
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let (sender, receiver) = unbounded_channel();
        // It cannot fail: the receiver is here.
        let _ = sender.send(work);
        runtime.spawn(run(receiver));
        *task = Some(sender);
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
            Some(work) = received.recv() => works.push(work),
            Some(()) = works.next() => {}
            else => return,
        }
    }
}
