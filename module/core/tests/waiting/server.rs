//! A server with a few locks. It drives [`Lines`] as the module does, and keeps a plain list of all callers.

use seckill_core::lock::Lock;
use seckill_core::protocol::{Fence, Millis, Token, UnixMs};
use seckill_core::waiting::{CallId, Lines, Waiter};

pub(crate) const LOCKS: usize = 3;
/// The time after which each line is looked at, whatever is known of its lock.
const RECHECK: u64 = 1_000;

type Name = &'static str;

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waits,
    /// It was granted the lock, and the reply is not on its way.
    Granted(Fence),
    /// It was replied to, or is gone.
    Ended,
}

#[derive(Debug)]
struct Caller {
    call: CallId,
    lock: usize,
    token: Name,
    state: State,
    /// Its client is gone, and the server finds that when it replies.
    is_lost: bool,
}

/// A lock that is held.
#[derive(Debug)]
struct Holding {
    token: Name,
    /// `None`: it is held until it is deleted.
    lease_end: Option<u64>,
    /// Whether the module knows when the lease ends.
    is_lease_known: bool,
    /// The calls that were granted it in the line, and may be told so yet.
    untold: Vec<CallId>,
    /// Whether a client of the owner knows that it holds the lock.
    is_told: bool,
}

#[derive(Debug)]
pub(crate) struct Server {
    now: u64,
    lines: Lines<usize>,
    keys: [Option<Holding>; LOCKS],
    /// Until when a lock that is free may stay so, although somebody waits for it.
    free_until: [u64; LOCKS],
    /// The fence of the last grant in each line.
    granted: [Option<(Name, Fence)>; LOCKS],
    /// All callers that ever waited, the first one first.
    callers: Vec<Caller>,
    fences: u64,
    /// The timer is to look after the present commands.
    is_timer_set: bool,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            now: 1_000,
            lines: Lines::new(),
            keys: [const { None }; LOCKS],
            free_until: [0; LOCKS],
            granted: [None; LOCKS],
            callers: vec![],
            fences: 0,
            is_timer_set: false,
        }
    }

    /// LOCK; in a transaction the caller cannot wait, and whoever waits is not served yet.
    pub(crate) fn lock(&mut self, lock: usize, token: Name, ttl: u64, block: bool, in_transaction: bool) {
        let has_line = self.lines.line(&lock).is_some();
        if has_line && !in_transaction {
            self.serve(lock);
        }
        let acquired = self.state(lock).acquire(name(token), Millis(ttl), UnixMs(self.now));
        if in_transaction && has_line && self.state(lock) == Lock::Free {
            return;
        }
        if let Some(until) = acquired {
            self.fences += 1;
            self.hold(lock, token, Some(until), None);
        } else if block && !in_transaction {
            self.join(lock, token, ttl);
        }
    }

    fn join(&mut self, lock: usize, token: Name, ttl: u64) {
        if self.waiting(lock).next().is_none() {
            self.granted[lock] = None;
        }
        let call = CallId(self.callers.len() as u64 + 1);
        let waiter = Waiter::new(name(token), Millis(ttl), UnixMs(self.now), None);
        self.lines.join(call, lock, waiter, self.next_check(lock));
        self.callers.push(Caller { call, lock, token, state: State::Waits, is_lost: false });
    }

    /// UNLOCK; in a transaction the line is served later.
    pub(crate) fn unlock(&mut self, lock: usize, token: Name, in_transaction: bool) {
        let is_held = self.state(lock).is_held_by(name(token));
        if is_held {
            self.keys[lock] = None;
        }
        let dismissed = self.lines.dismiss(&lock, token.as_bytes());
        let expected: Vec<_> =
            self.waiting(lock).filter(|caller| caller.token == token).map(|caller| caller.call).collect();
        assert_eq!(dismissed, expected, "the calls by which it waits leave");
        assert!(self.lines.line(&lock).is_none_or(|line| line.calls(token.as_bytes()).is_empty()));
        for call in dismissed {
            self.time_up(call);
        }
        match (is_held, in_transaction) {
            (true, false) => self.serve(lock),
            (true, true) => self.touch(lock),
            (false, _) => {}
        }
    }

    pub(crate) fn renew(&mut self, lock: usize, token: Name, ttl: u64) {
        let renewed = self.state(lock).renew(name(token), Millis(ttl), UnixMs(self.now));
        if let Some(until) = renewed {
            self.hold(lock, token, Some(until), None);
        }
    }

    /// Another client deletes the key.
    pub(crate) fn delete(&mut self, lock: usize, is_reported: bool) {
        if self.keys[lock].take().is_some() {
            self.key_changed(lock, is_reported);
        }
    }

    /// Another client sets the key, as by SET. That is never reported.
    pub(crate) fn set(&mut self, lock: usize, token: Name, ttl: Option<u64>) {
        // Nobody can tell it from the grant to this token that is under way or to be taken back.
        let is_granted = |caller: &Caller| matches!(caller.state, State::Granted(_)) && caller.token == token;
        if !self.is_timer_set && !self.callers.iter().any(is_granted) {
            let lease_end = ttl.map(|ttl| self.now + ttl);
            self.keys[lock] =
                Some(Holding { token, lease_end, is_lease_known: false, untold: vec![], is_told: true });
        }
    }

    /// Another client gives the key another expiry, or none.
    pub(crate) fn expire(&mut self, lock: usize, ttl: Option<u64>, is_reported: bool) {
        let lease_end = ttl.map(|ttl| self.now + ttl);
        if let Some(held) = &mut self.keys[lock] {
            held.lease_end = lease_end;
            held.is_lease_known = false;
            self.key_changed(lock, is_reported);
        }
    }

    fn key_changed(&mut self, lock: usize, is_reported: bool) {
        if is_reported {
            self.touch(lock);
        } else {
            self.free_until[lock] = self.now + RECHECK;
        }
    }

    fn touch(&mut self, lock: usize) {
        self.is_timer_set |= self.lines.check_at(&lock, UnixMs(self.now));
    }

    /// A caller stops waiting: its time is up, or it was unblocked.
    pub(crate) fn time_up(&mut self, call: CallId) {
        if self.caller(call).state == State::Waits {
            assert_eq!(self.lines.answer(call), None);
            self.caller(call).state = State::Ended;
        }
    }

    /// The client of a call disconnects.
    pub(crate) fn disconnect(&mut self, call: CallId) {
        let Caller { lock, state, .. } = *self.caller(call);
        match state {
            State::Waits => assert!(!self.lines.abandon(call), "it holds nothing"),
            State::Granted(_) => {
                self.is_timer_set |= self.lines.abandon(call);
                if let Some(held) = &mut self.keys[lock] {
                    held.untold.retain(|untold| *untold != call);
                }
            }
            State::Ended => return,
        }
        self.caller(call).state = State::Ended;
    }

    /// The client of a call is gone, which the server does not know yet.
    pub(crate) fn lose(&mut self, call: CallId) {
        self.caller(call).is_lost = true;
    }

    /// The server sends the reply to a call.
    pub(crate) fn send_reply(&mut self, call: CallId) {
        let Caller { lock, state: State::Granted(_), .. } = *self.caller(call) else { return };
        self.lines.delivered(call);
        self.caller(call).state = State::Ended;
        if let Some(held) = &mut self.keys[lock] {
            held.is_told |= held.untold.contains(&call);
        }
    }

    /// The server sends all replies.
    pub(crate) fn send_replies(&mut self) {
        self.calls().into_iter().for_each(|call| self.send_reply(call));
    }

    /// Time passes; the timer fires when it is set for.
    pub(crate) fn advance(&mut self, time: u64) {
        let end = self.now + time;
        while let Some(due) = self.due().filter(|due| *due <= end) {
            self.set_clock(due.max(self.now));
            self.on_timer();
        }
        self.set_clock(end);
    }

    fn due(&self) -> Option<u64> {
        if self.is_timer_set { Some(self.now) } else { self.lines.next_check().map(|check| check.0) }
    }

    fn set_clock(&mut self, now: u64) {
        self.now = now;
        for (key, free_until) in self.keys.iter_mut().zip(&mut self.free_until) {
            if let Some(held) = key
                && let Some(end) = held.lease_end.filter(|end| *end <= now)
            {
                *free_until = end + if held.is_lease_known { 1 } else { RECHECK };
                *key = None;
            }
        }
    }

    /// Takes back what was granted to clients that are gone, and serves the lines that are to be looked at.
    pub(crate) fn on_timer(&mut self) {
        self.is_timer_set = false;
        for (lock, token) in self.lines.take_returned() {
            if self.state(lock) == Lock::Held(&token) {
                let held = self.keys[lock].take().unwrap();
                assert!(!held.is_told && held.untold.is_empty(), "its owner may know of it: {held:?}");
                self.lines.check_at(&lock, UnixMs(self.now));
            }
        }
        let forgotten = |held: &&Holding| !held.is_told && held.untold.is_empty();
        let forgotten: Vec<_> = self.keys.iter().flatten().filter(forgotten).collect();
        assert!(forgotten.is_empty(), "nobody knows that he holds it: {forgotten:?}");
        while let Some(lock) = self.lines.pop_check(UnixMs(self.now), Millis(RECHECK)) {
            self.serve(lock);
        }
    }

    /// Grants the lock to whoever is to get it now.
    fn serve(&mut self, lock: usize) {
        loop {
            let next = self.lines.next(&lock, self.state(lock));
            let next = next.map(|(call, waiter)| (call, waiter.clone()));
            let expected = self
                .waiting(lock)
                .find(|caller| self.keys[lock].as_ref().is_none_or(|held| held.token == caller.token));
            assert_eq!(next.as_ref().map(|(call, _)| *call), expected.map(|caller| caller.call));
            let Some((call, waiter)) = next else { break };
            self.grant(lock, call, &waiter);
        }
        if let Some(held) = &mut self.keys[lock] {
            held.is_lease_known = true;
        }
        self.lines.check_at(&lock, self.next_check(lock));
    }

    fn grant(&mut self, lock: usize, call: CallId, waiter: &Waiter) {
        self.fences += 1;
        let fence = Fence(self.fences);
        let state = self.state(lock);
        let until = state.acquire(Token::new(waiter.token()).unwrap(), waiter.ttl, UnixMs(self.now));
        assert!(until.is_some(), "another holds it");
        assert_eq!(self.lines.grant(call, state == Lock::Free, fence).as_ref(), Some(waiter));
        let token = self.caller(call).token;
        self.hold(lock, token, until, Some(call));
        self.caller(call).state = State::Granted(fence);
        self.granted[lock] = Some((token, fence));
        if self.caller(call).is_lost {
            self.disconnect(call);
        } else {
            assert_eq!(self.lines.answer(call), Some(fence));
        }
    }

    /// A token holds a lock until an instant, by a call that waited, or by one that is replied to at once.
    fn hold(&mut self, lock: usize, token: Name, until: Option<UnixMs>, call: Option<CallId>) {
        let held = self.keys[lock].get_or_insert_with(|| Holding {
            token,
            lease_end: None,
            is_lease_known: true,
            untold: vec![],
            is_told: false,
        });
        assert_eq!(held.token, token, "no two owners");
        held.lease_end = until.map(|until| until.0);
        held.is_lease_known = true;
        match call {
            Some(call) => held.untold.push(call),
            None => {
                held.is_told = true;
                self.lines.owner_knows(&lock);
            }
        }
        self.lines.check_at(&lock, self.next_check(lock));
    }

    fn next_check(&self, lock: usize) -> UnixMs {
        let lease_end = self.keys[lock].as_ref().and_then(|held| held.lease_end);
        let recheck = self.now + RECHECK;
        UnixMs(lease_end.map_or(recheck, |end| recheck.min(end + 1)))
    }

    fn state(&self, lock: usize) -> Lock<'static> {
        self.keys[lock].as_ref().map_or(Lock::Free, |held| Lock::Held(held.token.as_bytes()))
    }

    fn waiting(&self, lock: usize) -> impl Iterator<Item = &Caller> {
        self.callers.iter().filter(move |caller| caller.lock == lock && caller.state == State::Waits)
    }

    fn caller(&mut self, call: CallId) -> &mut Caller {
        &mut self.callers[call.0 as usize - 1]
    }

    fn calls(&self) -> Vec<CallId> {
        self.callers.iter().map(|caller| caller.call).collect()
    }

    /// A call that was made, whatever came of it.
    pub(crate) fn some_call(&self, index: usize) -> Option<CallId> {
        let len = self.callers.len();
        (len > 0).then(|| self.callers[index % len].call)
    }

    /// The lines are those of the list.
    pub(crate) fn check(&self) {
        let mut waiting = 0;
        for lock in 0..LOCKS {
            let expected: Vec<_> = self.waiting(lock).map(|caller| caller.token.as_bytes()).collect();
            waiting += expected.len();
            let Some(line) = self.lines.line(&lock) else {
                assert!(expected.is_empty(), "nobody is forgotten");
                continue;
            };
            assert!(!expected.is_empty(), "nobody waits");
            assert!(line.waiters().map(Waiter::token).eq(expected), "the first one first");
            let fence =
                self.granted[lock].map(|(token, fence)| (line.fence_of(token.as_bytes()), Some(fence)));
            assert!(fence.is_none_or(|(shown, granted)| shown == granted));
            let may_be_free = self.is_timer_set || self.now < self.free_until[lock];
            assert!(self.keys[lock].is_some() || may_be_free, "it waits for a free lock");
        }
        assert_eq!(self.lines.len(), waiting);
        let is_idle = self.callers.iter().all(|caller| caller.state == State::Ended);
        assert!(is_idle || !self.lines.is_empty());
        let latest = self.now + RECHECK;
        assert_eq!(self.lines.next_check().is_some(), waiting > 0);
        assert!(self.lines.next_check().is_none_or(|check| check.0 <= latest), "it is not looked at in time");
    }

    /// Each line is to be looked at some time.
    pub(crate) fn must_look_at_all(&mut self) {
        let mut expected: Vec<_> = (0..LOCKS).filter(|lock| self.waiting(*lock).next().is_some()).collect();
        let mut found: Vec<_> =
            expected.iter().filter_map(|_| self.lines.pop_check(UnixMs::MAX, Millis(0))).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        (0..LOCKS).for_each(|lock| self.touch(lock));
    }

    /// Everybody is served: the locks become free again and again.
    pub(crate) fn serve_all(&mut self) {
        for _ in 0..=self.callers.len() {
            self.check();
            (0..LOCKS).for_each(|lock| self.delete(lock, true));
            self.on_timer();
            self.send_replies();
        }
    }

    /// All clients disconnect.
    pub(crate) fn disconnect_all(&mut self) {
        self.calls().into_iter().for_each(|call| self.disconnect(call));
        self.on_timer();
    }

    /// Nothing is left of anybody.
    pub(crate) fn must_be_idle(&self) {
        assert!(self.lines.is_empty(), "{:?}", self.lines);
        assert_eq!((self.lines.len(), self.lines.next_check()), (0, None));
        assert!((0..LOCKS).all(|lock| self.lines.line(&lock).is_none()));
    }
}

fn name(token: Name) -> Token<'static> {
    Token::new(token.as_bytes()).unwrap()
}
