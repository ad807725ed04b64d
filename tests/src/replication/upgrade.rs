//! An upgrade: servers with this module and with an earlier one replicate each other, and load each other's
//! files.
//!
//! `make test-upgrade` builds the earlier module and names it in OLD_MODULE.

use std::env;
use std::path::PathBuf;

use redis::Value;

use crate::harness::copies::must_be_equal;
use crate::harness::persistence::STORAGES;
use crate::harness::sample::{read_sample, write_sample};
use crate::harness::server::{Server, module};
use crate::harness::session::{ask, play};

/// The modules in both directions: from the first to the second.
fn directions() -> [(PathBuf, PathBuf); 2] {
    let old = PathBuf::from(env::var_os("OLD_MODULE").expect("OLD_MODULE, as `make test-upgrade` sets it"));
    [(old.clone(), module()), (module(), old)]
}

/// All that both modules show of the sample, the digests among it, must be the same. A field of a map that only one
/// of them has is left out: newer modules add fields.
fn must_be_shared(one: Vec<(&str, Value)>, other: Vec<(&str, Value)>) {
    for ((line, one), (_, other)) in one.into_iter().zip(other) {
        assert_eq!(shared(one.clone(), &other), shared(other, &one), "{line}");
    }
}

fn shared(reply: Value, other: &Value) -> Value {
    match (reply, other) {
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            Value::Array(items.into_iter().zip(others).map(|(item, other)| shared(item, other)).collect())
        }
        (Value::Map(mut fields), Value::Map(others)) => {
            fields.retain(|(name, _)| others.iter().any(|(other, _)| other == name));
            Value::Map(fields)
        }
        (reply, _) => reply,
    }
}

/// Waits until a replica has caught up with its primary. Then both show the same.
async fn must_agree(replica: &Server, primary: &Server) {
    replica.catch_up(primary).await;
    let (mut replica, mut primary) = (replica.connect().await, primary.connect().await);
    must_be_shared(read_sample(&mut replica).await, read_sample(&mut primary).await);
}

#[tokio::test]
#[ignore = "needs an earlier module; `make test-upgrade` builds it"]
async fn each_replicates_the_other() {
    for (from, to) in directions() {
        let primary = Server::with_module(&from, "").await;
        let mut connection = primary.connect().await;
        write_sample(&mut connection).await;
        let replica = Server::with_module(&to, "").await;
        replica.become_replica_of(&primary).await;
        must_agree(&replica, &primary).await;

        let session = "
            SECKILL.EXTEND sale extended 80000 => HELD
            SECKILL.CANCEL sale held => CANCELLED
            SECKILL.RESTOCK sale -1 ID upgrade => 2
            SECKILL.ALTER sale HOLD 80000 => OK
            SECKILL.BUY sale eve late => HELD
            SECKILL.LOCK lock ann 500000 => <us>
            SECKILL.RENEW lock ann 600000 => 1
            SECKILL.LOCK released ann 600000 => <us>
            SECKILL.UNLOCK released ann => 1
            SECKILL.LOCK guard ann 600000 => <us>
            SECKILL.BUY sale eve guarded LOCK guard ann RELEASE => HELD
        ";
        play(&mut connection, session).await;
        must_agree(&replica, &primary).await;

        replica.promote().await;
        let session = "
            EXISTS released guard => 0
            SECKILL.CONFIRM sale extended => SOLD
            SECKILL.LOCK lock bob 60000 => nil
            SECKILL.UNLOCK lock ann => 1
            SECKILL.AUDIT sale => OK
            SECKILL.AUDIT many => OK
        ";
        play(&mut replica.connect().await, session).await;
    }
}

/// Modules have always applied a restock of nothing, also those that refuse the command.
#[tokio::test]
#[ignore = "needs an earlier module; `make test-upgrade` builds it"]
async fn the_other_applies_a_restock_of_nothing() {
    let [(old, new), _] = directions();
    let primary = Server::with_module(&new, "").await;
    let replica = Server::with_module(&old, "").await;
    replica.become_replica_of(&primary).await;
    let session = "
        SECKILL.CREATE sale STOCK 9 => OK
        SECKILL.RESTOCK sale 0 ID void => 9
    ";
    play(&mut primary.connect().await, session).await;
    must_be_equal(&replica, &primary).await;
    replica.promote().await;
    let late = "SECKILL.RESTOCK sale -1 ID void => -MISMATCH the id exists with another delta";
    play(&mut replica.connect().await, late).await;
}

#[tokio::test]
#[ignore = "needs an earlier module; `make test-upgrade` builds it"]
async fn each_loads_the_files_of_the_other() {
    for (from, to) in directions() {
        for storage in STORAGES {
            let mut writer = Server::with_module(&from, storage.config()).await;
            let mut connection = writer.connect().await;
            write_sample(&mut connection).await;
            storage.save(&mut connection).await;
            let before = read_sample(&mut connection).await;
            writer.kill();

            let mut reader = Server::with_module(&to, storage.config()).await;
            let fence = ask(&mut reader.connect().await, "COMMAND INFO SECKILL.FENCE").await;
            if storage.is_rewritten() && fence == "[nil]" {
                eprintln!("skipped: a rewritten AOF has FENCE, which the earlier module does not know");
                continue;
            }
            reader.kill();
            storage.copy(&writer, &reader);
            reader.restart().await;
            must_be_shared(read_sample(&mut reader.connect().await).await, before);
        }
    }
}
