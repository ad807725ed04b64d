//! A TCP proxy between a replica and its primary: a link that a test can stall and cut.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::server::Server;

#[derive(Clone, Copy, PartialEq)]
enum Link {
    Up,
    /// Connections stay open, and no bytes pass.
    Stalled,
    /// Connections are closed as soon as they are made.
    Down,
}

/// Listens at a port, and forwards to a server.
pub(crate) struct Proxy {
    port: u16,
    link: watch::Sender<Link>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (link, watched) = watch::channel(Link::Up);
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, server.port(), watched));
        Self { port, link, _tasks: tasks }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on no bytes pass, but connections stay open.
    pub(crate) fn stall(&self) {
        self.link.send_replace(Link::Stalled);
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

async fn listen(listener: TcpListener, to: u16, link: watch::Receiver<Link>) {
    let mut connections = JoinSet::new();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        connections.spawn(connect(near, to, link.clone()));
    }
}

async fn connect(near: TcpStream, to: u16, mut link: watch::Receiver<Link>) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let (near_reads, near_writes) = near.into_split();
    let (far_reads, far_writes) = far.into_split();
    tokio::select! {
        () = forward(near_reads, far_writes, link.clone()) => {}
        () = forward(far_reads, near_writes, link.clone()) => {}
        _ = link.wait_for(|link| *link == Link::Down) => {}
    }
}

/// Forwards in one direction until the sender closes. Bytes that arrive while the link is stalled wait.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut link: watch::Receiver<Link>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let len = from.read(&mut buffer).await.unwrap_or_default();
        let up = link.wait_for(|link| *link == Link::Up).await.is_ok();
        if len == 0 || !up || to.write_all(&buffer[..len]).await.is_err() {
            return;
        }
    }
}
