//! Clients that do not know the module take and release the same locks.

use redis::Script;
use seckill_client::COMPARE_AND_DELETE;

use crate::harness::server::Server;
use crate::harness::session::play;

#[tokio::test]
async fn other_clients_share_locks() {
    // A number as a token: Redis may store it as an integer.
    for token in ["ann", "12345"] {
        let session = r#"
            # Theirs, released by us.
            SET lock TOKEN NX PX 60000 => OK
            SECKILL.LOCK lock bob 60000 => nil
            SECKILL.UNLOCK lock bob => 0
            SECKILL.RENEW lock TOKEN 60000 => 1
            SECKILL.UNLOCK lock TOKEN => 1
            EXISTS lock => 0

            # Ours, released by them.
            SECKILL.LOCK lock TOKEN 60000 => <us>
            SET lock bob NX PX 60000 => nil
            GET lock => "TOKEN"
            TYPE lock => string
            EVALSHA SCRIPT 1 lock bob => 0
            EVALSHA SCRIPT 1 lock TOKEN => 1
            SECKILL.RENEW lock TOKEN 60000 => 0
            SECKILL.LOCK lock bob 60000 => <us>
            DEL lock => 1

            # Theirs protects a purchase, which releases it.
            SET lock TOKEN NX PX 60000 => OK
            SECKILL.CREATE sale STOCK 1 => OK
            SECKILL.BUY sale ann o1 LOCK lock bob => LOCKLOST
            SECKILL.BUY sale ann o1 LOCK lock TOKEN RELEASE => SOLD
            EXISTS lock => 0

            # Theirs, taken over by its own token.
            SET lock TOKEN => OK
            PTTL lock => -1
            SECKILL.LOCK lock TOKEN 60000 => <us>
            SECKILL.UNLOCK lock TOKEN => 1
        "#;
        let server = Server::start().await;
        let mut connection = server.connect().await;
        let release = Script::new(COMPARE_AND_DELETE);
        release.prepare_invoke().load_async(&mut connection).await.unwrap();
        let session = session.replace("TOKEN", token).replace("SCRIPT", release.get_hash());
        play(&mut connection, &session).await;
    }
}
