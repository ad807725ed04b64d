//! An upgrade: servers with this module and with an earlier one replicate each other, and load each other's
//! files.
//!
//! `make test-upgrade` builds the earlier module and names it in OLD_MODULE.

use std::env;
use std::path::PathBuf;

use crate::harness::copies::must_be_equal;
use crate::harness::persistence::STORAGES;
use crate::harness::sample::{read_sample, write_sample};
use crate::harness::server::{Server, module};
use crate::harness::session::play;

/// The modules in both directions: from the first to the second.
fn directions() -> [(PathBuf, PathBuf); 2] {
    let old = PathBuf::from(env::var_os("OLD_MODULE").expect("OLD_MODULE, as `make test-upgrade` sets it"));
    [(old.clone(), module()), (module(), old)]
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
        must_be_equal(&replica, &primary).await;

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
        must_be_equal(&replica, &primary).await;

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
            reader.kill();
            storage.copy(&writer, &reader);
            reader.restart().await;
            assert_eq!(read_sample(&mut reader.connect().await).await, before);
        }
    }
}
