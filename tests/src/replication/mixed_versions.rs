//! A replica with another server program than its primary's, as in an upgrade without downtime.

use std::env;

use crate::harness::conditions::wait_until;
use crate::harness::copies::must_be_equal;
use crate::harness::info::stat;
use crate::harness::sample::write_sample;
use crate::harness::server::Server;
use crate::harness::session::play;

/// The log of a server that is too old for the RDB format of its primary.
const TOO_OLD: &str = "Can't handle RDB format version";

#[tokio::test]
async fn a_replica_of_another_version_replicates_and_takes_over() {
    let Ok(servers) = env::var("SERVERS") else {
        eprintln!("skipped: SERVERS does not list other servers; `make test-servers` sets it");
        return;
    };
    let primary = Server::primary("").await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    for line in servers.lines() {
        let (name, program) = line.split_once('\t').expect("a name, a tab and a command");
        let replica = Server::replica_on(program, primary.port()).await;
        let mut new = replica.connect().await;
        let is_too_old = || replica.log().contains(TOO_OLD);
        wait_until("it replicates or refuses", async || {
            is_too_old() || stat(&mut new, "replication", "master_link_status").await == "up"
        })
        .await;
        if is_too_old() {
            eprintln!("skipped {name} as a replica of this server: it is too old");
            continue;
        }
        must_be_equal(&replica, &primary).await;
        let session = format!(
            "
            SECKILL.CREATE at:{name} STOCK 1 => OK
            SECKILL.BUY at:{name} ann o1 => SOLD
            SECKILL.EXTEND sale extended 80000 => HELD
            SECKILL.LOCK lock ann 600000 => <us>
        "
        );
        play(&mut connection, &session).await;
        must_be_equal(&replica, &primary).await;

        replica.promote().await;
        let session = "
            SECKILL.CONFIRM sale held => SOLD
            SECKILL.CANCEL sale extended => CANCELLED
            SECKILL.LOCK lock bob 60000 => nil
            SECKILL.UNLOCK lock ann => 1
            SECKILL.AUDIT sale => OK
            SECKILL.AUDIT many => OK
        ";
        play(&mut new, session).await;
    }
}
