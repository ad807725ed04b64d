//! The signals that this program gets while a command runs.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use nix::sys::signal::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

/// In the sequence in which they are handled when several wait.
const HANDLED: [Signal; 9] = [
    Signal::SIGCHLD,
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// Signals that do what is done with them here, and nothing else any more.
pub(super) struct Signals(Vec<(Signal, unix::Signal)>);

impl Signals {
    /// From now on. A process that is started later gets those again that this process was told to ignore, as by `nohup`.
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |kind: Signal| Ok((kind, signal(SignalKind::from_raw(kind as i32))?));
        HANDLED.into_iter().map(listen).collect::<io::Result<_>>().map(Self)
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            let mut arrived = self.0.iter_mut();
            let arrived =
                arrived.find_map(|(kind, signals)| signals.poll_recv(context).is_ready().then_some(*kind));
            arrived.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
