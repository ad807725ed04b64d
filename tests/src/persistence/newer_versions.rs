//! Data that a newer version of the module wrote.

use crate::harness::dump::{Envelope, body_of, restore_command};
use crate::harness::server::Server;
use crate::harness::session::{get, play};

#[tokio::test]
async fn newer_data_is_refused_and_logged() {
    let server = Server::with("rdbcompression no\nseckill.apply-from-clients yes").await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK").await;
    let dump: Vec<u8> = get(&mut connection, "DUMP sale").await;
    let envelope = Envelope::of(&dump);
    let body = body_of(&dump);
    let log = || server.log();
    // The offsets of three versions. That of the type is the last byte of its number. After two bytes of
    // frame comes the head of the snapshot, which begins with its version; the batch begins with its version,
    // too.
    let versions = [("of the type", 9), ("of the snapshot", 12), ("of the batch", 17)];
    for (count, (which, at)) in versions.into_iter().enumerate() {
        let mut newer = body.to_vec();
        newer[at] += 1;
        let error =
            restore_command("other", &envelope.seal(newer)).exec_async(&mut connection).await.unwrap_err();
        assert_eq!(error.code(), Some("ERR"), "{which}: {error}");
        let why = "a sale cannot be loaded: a newer version of the module wrote it";
        assert_eq!(log().matches(why).count(), count + 1, "{which}: {}", log());
    }
    restore_command("other", &envelope.seal(body.to_vec())).exec_async(&mut connection).await.unwrap();
    let session = r#"
        SECKILL.APPLY sale "\x02\x02\x01\x01" => -CORRUPT a newer version of the module wrote it
        SECKILL.AUDIT other => OK
    "#;
    play(&mut connection, session).await;
    assert!(
        log().contains("diverged from its primary and decides nothing more: a newer version of the module")
    );
}
