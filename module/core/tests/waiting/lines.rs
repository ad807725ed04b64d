//! Lines of locks: first come, first served, and never two owners.

use proptest::prelude::*;
use proptest::sample::select;

use crate::server::{LOCKS, Server};

const TOKENS: &[&str] = &["ann", "bob", "cat", "dan"];
const STRANGERS: &[&str] = &["ann", "other"];

#[derive(Debug, Clone)]
enum Step {
    Lock { lock: usize, token: &'static str, ttl: u64, block: bool, in_transaction: bool },
    Unlock { lock: usize, token: &'static str, in_transaction: bool },
    Renew { lock: usize, token: &'static str, ttl: u64 },
    Delete { lock: usize, is_reported: bool },
    Set { lock: usize, token: &'static str, ttl: Option<u64> },
    Expire { lock: usize, ttl: Option<u64>, is_reported: bool },
    TimeUp(usize),
    Disconnect(usize),
    Lose(usize),
    SendReply(usize),
    SendReplies,
    Timer,
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let ttl = || prop_oneof![4 => 1..50_u64, 1 => 500..5_000_u64];
    let seldom = || prop::bool::weighted(0.15);
    let call = 0..1_000_usize;
    prop_oneof![
        12 => (0..LOCKS, select(TOKENS), ttl(), prop::bool::weighted(0.8), seldom())
            .prop_map(|(lock, token, ttl, block, in_transaction)| Step::Lock { lock, token, ttl, block, in_transaction }),
        6 => (0..LOCKS, select(TOKENS), seldom())
            .prop_map(|(lock, token, in_transaction)| Step::Unlock { lock, token, in_transaction }),
        2 => (0..LOCKS, select(TOKENS), ttl()).prop_map(|(lock, token, ttl)| Step::Renew { lock, token, ttl }),
        2 => (0..LOCKS, any::<bool>()).prop_map(|(lock, is_reported)| Step::Delete { lock, is_reported }),
        1 => (0..LOCKS, select(STRANGERS), prop::option::of(ttl()))
            .prop_map(|(lock, token, ttl)| Step::Set { lock, token, ttl }),
        1 => (0..LOCKS, prop::option::of(ttl()), any::<bool>())
            .prop_map(|(lock, ttl, is_reported)| Step::Expire { lock, ttl, is_reported }),
        1 => call.clone().prop_map(Step::TimeUp),
        3 => call.clone().prop_map(Step::Disconnect),
        2 => call.clone().prop_map(Step::Lose),
        1 => call.prop_map(Step::SendReply),
        3 => Just(Step::SendReplies),
        2 => Just(Step::Timer),
        3 => prop_oneof![0..60_u64, 0..3_000_u64].prop_map(Step::Advance),
    ]
}

fn take(server: &mut Server, step: &Step) {
    let call = |server: &mut Server, index: usize, act: fn(&mut Server, _)| {
        if let Some(call) = server.some_call(index) {
            act(server, call);
        }
    };
    match *step {
        Step::Lock { lock, token, ttl, block, in_transaction } => {
            server.lock(lock, token, ttl, block, in_transaction);
        }
        Step::Unlock { lock, token, in_transaction } => server.unlock(lock, token, in_transaction),
        Step::Renew { lock, token, ttl } => server.renew(lock, token, ttl),
        Step::Delete { lock, is_reported } => server.delete(lock, is_reported),
        Step::Set { lock, token, ttl } => server.set(lock, token, ttl),
        Step::Expire { lock, ttl, is_reported } => server.expire(lock, ttl, is_reported),
        Step::TimeUp(index) => call(server, index, Server::time_up),
        Step::Disconnect(index) => call(server, index, Server::disconnect),
        Step::Lose(index) => call(server, index, Server::lose),
        Step::SendReply(index) => call(server, index, Server::send_reply),
        Step::SendReplies => server.send_replies(),
        Step::Timer => server.on_timer(),
        Step::Advance(time) => server.advance(time),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// At each grant the one who gets the lock is the first of a plain list, and nobody else holds it. Nobody waits
    /// for a free lock longer than it takes to notice. What is taken back is not known to be owned by anybody.
    #[test]
    fn are_served_in_order(
        steps in prop::collection::vec(step(), 0..150),
        all_are_served in any::<bool>(),
    ) {
        let mut server = Server::new();
        for step in &steps {
            take(&mut server, step);
            server.check();
        }
        server.must_look_at_all();
        if all_are_served {
            server.serve_all();
        } else {
            server.disconnect_all();
        }
        server.must_be_idle();
    }
}

/// A grant is to be taken back; before that happens another client sets the key for a token that waits, too. So its
/// owner knows of it, and keeps it when the call by which it waited is gone.
#[test]
fn what_another_client_set_is_not_taken_back() {
    let mut server = Server::new();
    for token in ["cat", "bob", "ann"] {
        server.lock(0, token, 5_000, true, false);
    }
    server.unlock(0, "cat", false);
    server.set(0, "ann", None);
    server.disconnect(server.some_call(0).unwrap());
    server.lock(0, "dan", 5_000, true, false);
    server.disconnect(server.some_call(1).unwrap());
    server.on_timer();
    server.check();
}
