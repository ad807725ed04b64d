//! The connection that all calls of a client share.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::{RedisError, RedisResult, cmd};
use tokio::time::{Instant, timeout};

use crate::background::Background;
use crate::call::timed_out;
use crate::connect::{CONNECT_WITHIN, Connect};

/// The longest time in which a connection that may hang answers a PING.
const CHECK_WITHIN: Duration = Duration::from_millis(250);
/// A connection that may still serve others is not replaced earlier than this after it was made.
const KEPT_FOR: Duration = Duration::from_millis(250);
/// The same for a cluster's. One node that hangs harms the other connections to that node alone, and to look for the nodes anew
/// disturbs all; but that it has to be, for another node may have taken over.
const CLUSTER_KEPT_FOR: Duration = Duration::from_secs(10);

/// The connection that all calls share. It is made when it is needed, and replaced when it is unfit.
pub(crate) struct SharedConnection<C: Connect> {
    connector: Arc<C>,
    state: Arc<Mutex<State<C::Connection>>>,
    /// Whether somebody checks the connection.
    is_checked: AtomicBool,
}

struct State<T> {
    current: Option<Current<T>>,
    /// The connection that is being made.
    next: Option<Next<T>>,
    /// How many connections were made.
    number: u64,
}

/// A connection at the time of a call.
#[derive(Clone)]
pub(crate) struct Current<T> {
    pub(crate) connection: T,
    pub(crate) number: u64,
    made: Instant,
}

/// All who need it await the same attempt to connect.
type Next<T> = Shared<BoxFuture<'static, RedisResult<Current<T>>>>;

impl<C: Connect> SharedConnection<C> {
    /// None yet.
    pub(crate) fn new(connector: C) -> Self {
        let state = State { current: None, next: None, number: 0 };
        Self {
            connector: Arc::new(connector),
            state: Arc::new(Mutex::new(state)),
            is_checked: AtomicBool::new(false),
        }
    }

    pub(crate) fn connector(&self) -> &C {
        &self.connector
    }

    /// How many connections were made.
    pub(crate) fn number(&self) -> u64 {
        lock(&self.state).number
    }

    /// The connection; a new one if there is none. Whoever gives up waiting does not end the attempt to connect.
    pub(crate) async fn get(&self, background: &Background) -> RedisResult<Current<C::Connection>> {
        let next = {
            let mut state = lock(&self.state);
            match &state.current {
                Some(current) => return Ok(current.clone()),
                None => self.connect(&mut state, background),
            }
        };
        next.await
    }

    /// Begins to make a new connection, unless one is being made.
    fn connect(&self, state: &mut State<C::Connection>, background: &Background) -> Next<C::Connection> {
        if let Some(next) = &state.next {
            return next.clone();
        }
        let next = make(self.connector.clone(), Arc::downgrade(&self.state)).boxed().shared();
        background.run(next.clone().map(drop));
        state.next.insert(next).clone()
    }

    /// A call ended with this error. If the connection is unfit it is replaced.
    ///
    /// One that hangs, or is a cluster's, may still serve other calls until the new one is there.
    pub(crate) fn report(
        &self,
        current: &Current<C::Connection>,
        error: &RedisError,
        background: &Background,
    ) {
        let mut state = lock(&self.state);
        if !is_unfit(error) || state.number != current.number {
            return;
        }
        let repairs_itself = self.connector.repairs_itself();
        if !error.is_timeout() && !repairs_itself {
            state.current = None;
        } else if current.made.elapsed() > if repairs_itself { CLUSTER_KEPT_FOR } else { KEPT_FOR } {
            // It is made in the background.
            drop(self.connect(&mut state, background));
        }
    }

    /// A call was abandoned before it was answered: finds out whether the connection hangs.
    pub(crate) async fn check(&self, mut current: Current<C::Connection>, background: &Background) {
        let is_known = lock(&self.state).number != current.number;
        if is_known || self.is_checked.swap(true, Relaxed) {
            return;
        }
        let _end = EndOfCheck(&self.is_checked);
        let ping = cmd("PING");
        let reply = timeout(CHECK_WITHIN, ping.exec_async(&mut current.connection)).await;
        if let Err(error) = reply.unwrap_or_else(|_| Err(timed_out())) {
            self.report(&current, &error, background);
            let next = lock(&self.state).next.clone();
            if let Some(next) = next {
                // Soon, or later in the background.
                let _ = timeout(CHECK_WITHIN, next).await;
            }
        }
    }
}

/// Others may check when this is dropped, as it is when nobody waits for the check any more.
struct EndOfCheck<'a>(&'a AtomicBool);

impl Drop for EndOfCheck<'_> {
    fn drop(&mut self) {
        self.0.store(false, Relaxed);
    }
}

/// Makes a connection, which is the current one from then on.
async fn make<C: Connect>(
    connector: Arc<C>,
    state: Weak<Mutex<State<C::Connection>>>,
) -> RedisResult<Current<C::Connection>> {
    let made = timeout(CONNECT_WITHIN, connector.connect()).await.unwrap_or_else(|_| Err(timed_out()));
    let Some(state) = state.upgrade() else { return Err(timed_out()) };
    let mut state = lock(&state);
    state.next = None;
    let number = state.number + 1;
    let current = Current { connection: made?, number, made: Instant::now() };
    state.number = number;
    state.current = Some(current.clone());
    tracing::debug!(name: "seckill.connect", number);
    Ok(current)
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

const READ_ONLY: redis::ErrorKind = redis::ErrorKind::Server(redis::ServerErrorKind::ReadOnly);

/// Whether a connection is to be replaced: it is lost, it may hang, or it leads to a replica.
pub(crate) fn is_unfit(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_timeout() || error.kind() == READ_ONLY
}
