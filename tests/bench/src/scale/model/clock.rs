//! Time that passes only when nothing else can happen.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_executor::{LocalPool, LocalSpawner};
use futures_util::task::LocalSpawnExt;

/// ns since the simulation began.
pub(super) type Ns = u64;

pub(super) const MS: Ns = 1_000_000;
pub(super) const SECOND: Ns = 1_000 * MS;

/// A clock, and the tasks that wait for it.
#[derive(Clone)]
pub(super) struct Clock {
    time: Rc<Time>,
    tasks: LocalSpawner,
}

#[derive(Default)]
struct Time {
    now: Cell<Ns>,
    /// Who waits until when. Of those for the same instant the first one goes first.
    timers: RefCell<BTreeMap<(Ns, u64), Waker>>,
    next: Cell<u64>,
}

/// Runs what `begin` spawns, and what that spawns, to the end. What it returned.
pub(super) fn simulate<T>(begin: impl FnOnce(&Clock) -> T) -> T {
    let mut pool = LocalPool::new();
    let clock = Clock { time: Rc::default(), tasks: pool.spawner() };
    let begun = begin(&clock);
    loop {
        pool.run_until_stalled();
        let timer = clock.time.timers.borrow_mut().pop_first();
        let Some(((at, _), waker)) = timer else { return begun };
        clock.time.now.set(at);
        waker.wake();
    }
}

impl Clock {
    pub(super) fn now(&self) -> Ns {
        self.time.now.get()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        // It fails only when the simulation is over.
        let _ = self.tasks.spawn_local(task);
    }

    pub(super) async fn sleep(&self, time: Ns) {
        self.sleep_until(self.now() + time).await;
    }

    pub(super) async fn sleep_until(&self, at: Ns) {
        let mut is_set = false;
        poll_fn(|context| {
            if self.now() >= at {
                return Poll::Ready(());
            }
            if !is_set {
                let number = self.time.next.get();
                self.time.next.set(number + 1);
                self.time.timers.borrow_mut().insert((at, number), context.waker().clone());
                is_set = true;
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_wake_in_the_order_of_their_times() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        simulate(|clock| {
            for time in [3 * SECOND, MS, 2 * MS] {
                let (clock, seen) = (clock.clone(), seen.clone());
                clock.clone().spawn(async move {
                    clock.sleep(time).await;
                    seen.borrow_mut().push(clock.now());
                });
            }
        });
        assert_eq!(*seen.borrow(), [MS, 2 * MS, 3 * SECOND]);
    }
}
