//! A TCP proxy before a server: a link that a test can stall and cut, at a chosen byte if need be.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::server::Server;

#[derive(Clone, Copy, PartialEq)]
enum Link {
    Up,
    /// Connections stay open, and no bytes pass.
    Stalled,
    /// Connections stay open; requests pass, and replies are lost.
    Mute,
    /// Connections are closed as soon as they are made.
    Down,
}

/// Listens at a port, and forwards to a server.
pub(crate) struct Proxy {
    port: u16,
    link: watch::Sender<Link>,
    /// How often connections were left to hang.
    hangs: Arc<AtomicI64>,
    /// How long bytes take in each direction, in ms.
    delay: Arc<AtomicU64>,
    requests: Arc<Budget>,
    replies: Arc<Budget>,
    _tasks: JoinSet<()>,
}

/// How many bytes may still pass in one direction, on all connections together. Then the connection is closed that
/// would pass more, and others pass as before.
struct Budget(AtomicI64);

impl Budget {
    const UNLIMITED: i64 = i64::MAX;

    fn unlimited() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(Self::UNLIMITED)))
    }

    fn limit(&self, bytes: usize) {
        self.0.store(bytes as i64, SeqCst);
    }

    /// How many of `len` bytes may pass.
    fn spend(&self, len: usize) -> usize {
        let left = self.0.load(SeqCst);
        if left == Self::UNLIMITED {
            return len;
        }
        let rest = left - len as i64;
        self.0.store(if rest < 0 { Self::UNLIMITED } else { rest }, SeqCst);
        len.min(left as usize)
    }
}

impl Proxy {
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (link, watched) = watch::channel(Link::Up);
        let (requests, replies) = (Budget::unlimited(), Budget::unlimited());
        let (hangs, delay) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicU64::new(0)));
        let path = Path {
            link: watched,
            hangs: hangs.clone(),
            delay: delay.clone(),
            requests: requests.clone(),
            replies: replies.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, server.port(), path));
        Self { port, link, hangs, delay, requests, replies, _tasks: tasks }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on no bytes pass, but connections stay open.
    pub(crate) fn stall(&self) {
        self.link.send_replace(Link::Stalled);
    }

    /// No byte passes any more on the present connections, which stay open; new ones work.
    pub(crate) fn hang(&self) {
        self.hangs.fetch_add(1, SeqCst);
    }

    /// From now on all bytes take so long, in each direction.
    pub(crate) fn delay(&self, time: Duration) {
        self.delay.store(time.as_millis() as u64, SeqCst);
    }

    /// From now on requests pass, and replies are lost.
    pub(crate) fn mute(&self) {
        self.link.send_replace(Link::Mute);
    }

    /// Closes the connection whose request goes on after so many bytes.
    pub(crate) fn cut_requests_after(&self, bytes: usize) {
        self.requests.limit(bytes);
    }

    /// Closes the connection whose reply goes on after so many bytes.
    pub(crate) fn cut_replies_after(&self, bytes: usize) {
        self.replies.limit(bytes);
    }

    /// Closes all connections, and new ones at once.
    pub(crate) fn cut(&self) {
        self.link.send_replace(Link::Down);
    }

    /// Forwards again, also the bytes that were held back.
    pub(crate) fn mend(&self) {
        self.link.send_replace(Link::Up);
    }
}

/// What decides which bytes pass.
#[derive(Clone)]
struct Path {
    link: watch::Receiver<Link>,
    hangs: Arc<AtomicI64>,
    delay: Arc<AtomicU64>,
    requests: Arc<Budget>,
    replies: Arc<Budget>,
}

async fn listen(listener: TcpListener, to: u16, path: Path) {
    let mut connections = JoinSet::new();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        connections.spawn(connect(near, to, path.clone()));
    }
}

async fn connect(near: TcpStream, to: u16, path: Path) {
    let (mut link, requests, replies) = (path.link.clone(), path.requests.clone(), path.replies.clone());
    let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    // As servers do: a small write must not wait until the one before it is acknowledged.
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let (near_reads, near_writes) = near.into_split();
    let (far_reads, far_writes) = far.into_split();
    tokio::select! {
        () = forward(near_reads, far_writes, path.clone(), &requests, &[Link::Up, Link::Mute]) => {}
        () = forward(far_reads, near_writes, path.clone(), &replies, &[Link::Up]) => {}
        _ = link.wait_for(|link| *link == Link::Down) => {}
    }
}

/// Bytes on their way, and when they arrive; none at the end.
type Chunk = (Instant, Vec<u8>);

/// Forwards in one direction until the sender closes.
async fn forward(from: OwnedReadHalf, to: OwnedWriteHalf, path: Path, budget: &Budget, passes: &[Link]) {
    let (chunks, on_their_way) = unbounded_channel();
    tokio::join!(read(from, path.delay.clone(), chunks), write(on_their_way, to, path, budget, passes));
}

async fn read(mut from: OwnedReadHalf, delay: Arc<AtomicU64>, chunks: UnboundedSender<Chunk>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let len = tokio::select! {
            len = from.read(&mut buffer) => len.unwrap_or_default(),
            () = chunks.closed() => return,
        };
        let arrives = Instant::now() + Duration::from_millis(delay.load(SeqCst));
        if chunks.send((arrives, buffer[..len].to_vec())).is_err() || len == 0 {
            return;
        }
    }
}

/// Bytes that arrive while the link is stalled wait, and are lost if it then is in a state other than these. A connection
/// that lost some is closed when there are more and the link is up.
async fn write(
    mut chunks: UnboundedReceiver<Chunk>,
    mut to: OwnedWriteHalf,
    Path { mut link, hangs, .. }: Path,
    budget: &Budget,
    passes: &[Link],
) {
    let begun = hangs.load(SeqCst);
    let mut is_broken = false;
    while let Some((arrives, bytes)) = chunks.recv().await {
        // A timer takes a millisecond even for an instant that is past.
        if arrives > Instant::now() {
            sleep_until(arrives).await;
        }
        let Ok(state) = link.wait_for(|link| *link != Link::Stalled).await.map(|link| *link) else { return };
        if bytes.is_empty() || state == Link::Down {
            return;
        }
        if hangs.load(SeqCst) != begun {
            return pending().await;
        }
        // No network loses bytes and then passes the next ones.
        is_broken |= !passes.contains(&state);
        if is_broken && state == Link::Up {
            return;
        }
        if is_broken {
            continue;
        }
        let allowed = budget.spend(bytes.len());
        if to.write_all(&bytes[..allowed]).await.is_err() || allowed < bytes.len() {
            return;
        }
    }
}
