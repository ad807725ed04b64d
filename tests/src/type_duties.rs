//! What a server asks of a data type besides saving and loading: freeing, copying, refusing what is newer, and
//! answering whatever can be asked of any key.

use std::fs;

use crate::hostile::payload::{Envelope, body_of, restoring};
use crate::server::{Connection, Server, stat, wait_until};
use crate::talk::{ask, get, play};

/// Puts a sale of so many orders at a key.
async fn put(connection: &mut Connection, key: &str, orders: u64) {
    let mut pipe = redis::pipe();
    pipe.cmd("SECKILL.CREATE").arg(&[key, "STOCK", "9000000"]);
    for number in 0..orders {
        pipe.cmd("SECKILL.BUY").arg(key).arg(number % 100).arg(number);
    }
    pipe.exec_async(connection).await.unwrap();
}

/// What the server frees on another thread is what would make others wait.
#[tokio::test]
async fn a_large_sale_is_freed_on_another_thread() {
    let config = "lazyfree-lazy-user-del yes\nlazyfree-lazy-expire yes\nlazyfree-lazy-server-del yes";
    let server = Server::with(config).await;
    let mut connection = server.connect().await;
    let freed = async |connection: &mut Connection| {
        stat(connection, "memory", "lazyfreed_objects").await.parse::<u64>().unwrap()
    };
    for gone in ["DEL %", "UNLINK %", "PEXPIRE % 1", "SET % x", "RENAME text %"] {
        put(&mut connection, "small", 1_000).await;
        put(&mut connection, "large", 4_000).await;
        let before = freed(&mut connection).await;
        for key in ["small", "large"] {
            play(&mut connection, "SET text x => OK").await;
            ask(&mut connection, &gone.replace('%', key)).await;
            wait_until(&format!("it is gone by {gone}"), async || {
                ask(&mut connection, &format!("TYPE {key}")).await != "flashsale"
            })
            .await;
        }
        wait_until(&format!("all is freed that goes by {gone}"), async || {
            stat(&mut connection, "memory", "lazyfree_pending_objects").await == "0"
                && freed(&mut connection).await > before
        })
        .await;
        assert_eq!(freed(&mut connection).await, before + 1, "{gone}");
        play(&mut connection, "FLUSHALL SYNC => OK").await;
    }
    // Of a whole database all goes there.
    put(&mut connection, "small", 1_000).await;
    put(&mut connection, "large", 4_000).await;
    let before = freed(&mut connection).await;
    play(&mut connection, "FLUSHALL ASYNC => OK").await;
    wait_until("both are freed", async || freed(&mut connection).await == before + 2).await;
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_refused_and_the_log_says_why() {
    let server = Server::with("rdbcompression no\nseckill.apply-from-clients yes").await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK").await;
    let dump: Vec<u8> = get(&mut connection, "DUMP sale").await;
    let envelope = Envelope::of(&dump);
    let body = body_of(&dump);
    let log = || fs::read_to_string(server.home().join("log")).unwrap();
    // Behind the type, which is a byte and nine more of which the last bears the version, comes the head with one
    // of its own, behind two bytes of frame; and then a batch with one of its own, behind three and two.
    let versions = [("of the type", 9), ("of the snapshot", 12), ("of the batch", 17)];
    for (count, (which, at)) in versions.into_iter().enumerate() {
        let mut newer = body.to_vec();
        newer[at] += 1;
        let error = restoring("other", &envelope.seal(newer)).exec_async(&mut connection).await.unwrap_err();
        assert_eq!(error.code(), Some("ERR"), "{which}: {error}");
        let why = "a sale cannot be loaded: a newer version of the module wrote it";
        assert_eq!(log().matches(why).count(), count + 1, "{which}: {}", log());
    }
    restoring("other", &envelope.seal(body.to_vec())).exec_async(&mut connection).await.unwrap();
    let session = r#"
        SECKILL.APPLY sale "\x02\x02\x01\x01" => -CORRUPT a newer version of the module wrote it
        SECKILL.AUDIT other => OK
    "#;
    play(&mut connection, session).await;
    assert!(
        log().contains("diverged from its primary and decides nothing more: a newer version of the module")
    );
}

#[tokio::test]
async fn a_copy_and_its_original_are_independent() {
    let server = Server::start().await;
    let session = "
        SECKILL.CREATE sale STOCK 9 HOLD 60000 => OK
        SECKILL.BUY sale ann o1 => HELD
        SET other x => OK
        COPY sale other => 0
        COPY sale other REPLACE => 1
        COPY sale sale DB 1 => 1

        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.BUY sale bob o2 => HELD
        SECKILL.CANCEL other o1 => CANCELLED
        SECKILL.BUY other ann o2 QTY 9 => HELD
        DEL sale => 1

        SECKILL.AUDIT other => OK
        SECKILL.BUYER other ann => {\"held\" 9 \"sold\" 0 \"orders\" [\"o2\" \"o1\"]}
        SELECT 1 => OK
        SECKILL.BUY sale bob o2 => HELD
        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.AUDIT sale => OK
    ";
    play(&mut server.connect().await, session).await;
}

#[tokio::test]
async fn what_can_be_asked_of_any_key_is_answered() {
    const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    let server = Server::start().await;
    let mut connection = server.connect().await;
    put(&mut connection, "sale", 100).await;
    let session = r#"
        TYPE sale => flashsale
        OBJECT ENCODING sale => "raw"
        OBJECT REFCOUNT sale => 1
        EXISTS sale => 1
        TOUCH sale => 1
        RANDOMKEY => "sale"
        SCAN 0 TYPE flashsale => ["0" ["sale"]]
        SCAN 0 TYPE string => ["0" []]
        PERSIST sale => 0
        PEXPIRE sale 100000 => 1
        PERSIST sale => 1
        DEBUG RELOAD => OK
        SECKILL.AUDIT sale => OK
    "#;
    play(&mut connection, session).await;
    for line in ["MEMORY USAGE sale", "MEMORY USAGE sale SAMPLES 0", "OBJECT IDLETIME sale"] {
        let answer: i64 = get(&mut connection, line).await;
        assert!(answer >= 0, "{line}: {answer}");
    }
    play(&mut connection, "CONFIG SET maxmemory-policy allkeys-lfu => OK").await;
    assert!(get::<i64>(&mut connection, "OBJECT FREQ sale").await >= 0);
    let object = ask(&mut connection, "DEBUG OBJECT sale").await;
    assert!(object.contains("serializedlength"), "{object}");
    let wrong = [
        "GET sale",
        "APPEND sale x",
        "INCR sale",
        "LPUSH sale x",
        "HGETALL sale",
        "SORT sale",
        "GETDEL sale",
    ];
    for line in wrong {
        assert_eq!(ask(&mut connection, line).await, WRONG_TYPE, "{line}");
    }
    play(&mut connection, "SECKILL.BUY sale ann last => SOLD\nSECKILL.AUDIT sale => OK").await;
}
