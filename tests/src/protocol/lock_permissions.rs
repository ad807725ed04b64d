//! What a user needs for the lock of a purchase: to read it, and to write it only for RELEASE.

use crate::harness::server::Server;
use crate::harness::session::{ask, play};

/// Purchases under `lock:1`, and whether they may release it.
const PURCHASES: [(&str, bool); 11] = [
    ("SECKILL.BUY sale:1 ann % LOCK lock:1 token", false),
    ("seckill.buy sale:1 ann % lock lock:1 token", false),
    ("SECKILL.BUY sale:1 ann % QTY 1 LOCK lock:1 token", false),
    ("SECKILL.BUY sale:1 RELEASE % LOCK lock:1 token", false),
    ("SECKILL.BUY sale:1 ann % LOCK lock:1 token RELEASE", true),
    ("SECKILL.BUY sale:1 ann % RELEASE LOCK lock:1 token", true),
    ("SECKILL.BUY sale:1 ann % LOCK lock:1 token release QTY 1", true),
    // A value that is spelt like the keyword counts as it.
    ("SECKILL.BUY sale:1 ann % LOCK lock:1 RELEASE", true),
    ("SECKILL.BUYALL 1 sale:1 ann % LOCK lock:1 token", false),
    ("SECKILL.BUYALL 1 sale:1 LOCK % QTY 1 LOCK lock:1 token", false),
    ("SECKILL.BUYALL 1 sale:1 ann % LOCK lock:1 token RELEASE", true),
];

#[tokio::test]
async fn a_lock_that_is_only_checked_need_only_be_readable() {
    let server = Server::start().await;
    let setup = "
        ACL SETUSER owner on nopass ~sale:* ~lock:* +@all => OK
        ACL SETUSER checker on nopass ~sale:* %R~lock:* +@all => OK
        ACL SETUSER blind on nopass ~sale:* %W~lock:* +@all => OK
        ACL SETUSER stranger on nopass ~sale:* +@all => OK
        SECKILL.CREATE sale:1 STOCK 99 => OK
    ";
    let mut admin = server.connect().await;
    play(&mut admin, setup).await;
    for (user, checks, releases) in
        [("owner", true, true), ("checker", true, false), ("blind", false, false), ("stranger", false, false)]
    {
        let mut connection = server.connect_as(&format!("protocol=resp3&user={user}&pass=x")).await;
        for (number, (line, may_release)) in PURCHASES.iter().enumerate() {
            play(&mut admin, "SET lock:1 token PX 60000 => OK").await;
            let line = line.replace('%', &format!("{user}{number}"));
            let reply = ask(&mut connection, &line).await;
            let is_allowed = if *may_release { releases } else { checks };
            assert_eq!(!reply.starts_with("-NOPERM"), is_allowed, "{user}: {line}: {reply}");
            if !is_allowed {
                play(&mut admin, "GET lock:1 => \"token\"").await;
            }
        }
    }
}

/// The server tells the same to whoever asks.
#[tokio::test]
async fn the_flags_of_the_lock_depend_on_release() {
    let server = Server::start().await;
    let mut connection = server.connect_as("protocol=resp2").await;
    for (line, releases) in PURCHASES {
        let reply = ask(&mut connection, &format!("COMMAND GETKEYSANDFLAGS {line}")).await;
        let lock = if releases { "RW access delete" } else { "RO access" };
        assert_eq!(flat(&reply), format!(r#""sale:1" RW access update "lock:1" {lock}"#), "{line}");
    }
}

/// A reply without the marks of its arrays.
fn flat(reply: &str) -> String {
    reply.chars().filter(|letter| !"[]".contains(*letter)).collect()
}
