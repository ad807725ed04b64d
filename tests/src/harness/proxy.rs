//! The network between a replica and its primary: a link that a test can stall and cut.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::server::Server;

#[derive(Clone, Copy, PartialEq)]
enum Link {
    Up,
    /// Connections stand, and nothing passes.
    Stalled,
    /// Connections are closed as soon as they are made.
    Down,
}

/// Listens at a port, and passes on what is said there to a server, and its answers back.
pub(crate) struct Proxy {
    port: u16,
    link: watch::Sender<Link>,
    _listening: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (link, watched) = watch::channel(Link::Up);
        let mut listening = JoinSet::new();
        listening.spawn(listen(listener, server.port(), watched));
        Self { port, link, _listening: listening }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing passes, and nobody is told.
    pub(crate) fn stall(&self) {
        self.link.send_replace(Link::Stalled);
    }

    /// Closes all connections, and those that are tried.
    pub(crate) fn cut(&self) {
        self.link.send_replace(Link::Down);
    }

    /// What is said from now on passes, and what was held back.
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
    let (near_says, near_hears) = near.into_split();
    let (far_says, far_hears) = far.into_split();
    tokio::select! {
        () = pass(near_says, far_hears, link.clone()) => {}
        () = pass(far_says, near_hears, link.clone()) => {}
        _ = link.wait_for(|link| *link == Link::Down) => {}
    }
}

/// Passes on what one end says until it has said all. What is read after the link stalled waits.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut link: watch::Receiver<Link>) {
    let mut said = vec![0; 16 * 1024];
    loop {
        let len = from.read(&mut said).await.unwrap_or_default();
        let up = link.wait_for(|link| *link == Link::Up).await.is_ok();
        if len == 0 || !up || to.write_all(&said[..len]).await.is_err() {
            return;
        }
    }
}
