//! Locks taken from Rust: each client is a thread with a connection of its own. Threads wait in the kernel and
//! sleep precisely, while timers of tokio count whole milliseconds.

mod blpop;
mod rslock;
mod seckill;

use std::error::Error;
use std::process::exit;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use redis::{Client, ConnectionAddr};
use serde::{Deserialize, Serialize};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A client of the lock.
trait Peer: Send {
    fn ping(&mut self) -> Outcome;
    fn take(&mut self) -> Outcome;
    fn give(&mut self) -> Outcome;
}

#[derive(Deserialize)]
struct Plan {
    way: String,
    socket: String,
    key: String,
    clients: usize,
    seconds: f64,
    section_ms: u64,
    lease_ms: u64,
    patience_ms: u64,
    ping_pause_ms: u64,
}

impl Plan {
    fn peer(&self, number: usize) -> Outcome<Box<dyn Peer>> {
        let client = Client::open(ConnectionAddr::Unix(self.socket.clone().into()))?;
        Ok(match &*self.way {
            "blpop" => Box::new(blpop::Blpop::new(&client, self, number)?),
            "rslock" => Box::new(rslock::Polling::new(client, self)?),
            "seckill" => Box::new(seckill::Seckill::new(&client, self, number)?),
            other => return Err(format!("no such way: {other}").into()),
        })
    }
}

/// The client, and when it asked for the lock, was told that it owns it, and released it: in ns since the start.
#[derive(Serialize)]
struct Grant(usize, u128, u128, u128);

#[derive(Serialize)]
struct Measured {
    pings: Vec<u128>,
    grants: Vec<Grant>,
}

fn main() {
    if let Err(error) = run() {
        fail(&*error);
    }
}

fn fail(error: &dyn Error) -> ! {
    eprintln!("{error}");
    exit(1)
}

fn run() -> Outcome {
    let plan: Plan = serde_json::from_str(&std::env::args().nth(1).ok_or("the argument is a plan as JSON")?)?;
    let peers = (0..plan.clients).map(|number| plan.peer(number)).collect::<Outcome<Vec<_>>>()?;
    let mut pinging = plan.peer(plan.clients)?;
    let (began, grants) = (Instant::now(), Mutex::default());
    let pings = thread::scope(|scope| {
        for (number, mut peer) in peers.into_iter().enumerate() {
            let (plan, grants) = (&plan, &grants);
            scope.spawn(move || {
                // Without this client the others could wait forever.
                compete(number, &mut *peer, plan, began, grants).unwrap_or_else(|error| fail(&*error));
            });
        }
        ping(&mut *pinging, &plan, began)
    })?;
    serde_json::to_writer(std::io::stdout(), &Measured { pings, grants: grants.into_inner()? })?;
    Ok(())
}

/// Times round trips, until the time is up.
fn ping(peer: &mut dyn Peer, plan: &Plan, began: Instant) -> Outcome<Vec<u128>> {
    let mut pings = Vec::new();
    while began.elapsed().as_secs_f64() < plan.seconds {
        thread::sleep(Duration::from_millis(plan.ping_pause_ms));
        let sent = Instant::now();
        peer.ping()?;
        pings.push(sent.elapsed().as_nanos());
    }
    Ok(pings)
}

/// Takes the lock and gives it, until the time is up.
fn compete(
    number: usize,
    peer: &mut dyn Peer,
    plan: &Plan,
    began: Instant,
    grants: &Mutex<Vec<Grant>>,
) -> Outcome {
    let section = Duration::from_millis(plan.section_ms);
    let mut granted = Duration::ZERO;
    while granted.as_secs_f64() < plan.seconds {
        let asked = began.elapsed();
        peer.take()?;
        granted = began.elapsed();
        thread::sleep(section);
        let released = began.elapsed();
        peer.give()?;
        let [asked, granted, released] = [asked, granted, released].map(|time| time.as_nanos());
        grants.lock().expect("no client panics").push(Grant(number, asked, granted, released));
    }
    Ok(())
}
