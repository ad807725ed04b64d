//! A server that saves nothing says so, before it is too late.

use crate::harness::aof::AOF;
use crate::harness::server::Server;
use crate::harness::session::play;

/// How often the log says that nothing is saved.
fn warnings(server: &Server) -> usize {
    server.log().lines().filter(|line| line.contains("nothing is saved: ")).count()
}

#[tokio::test]
async fn at_load_and_with_the_first_sale() {
    let server = Server::start().await;
    assert_eq!(warnings(&server), 1);
    let mut connection = server.connect().await;
    let session = "
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.BUY sale ann o1 => -NOSALE no sale at this key
    ";
    play(&mut connection, session).await;
    assert_eq!(warnings(&server), 1);
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK").await;
    assert_eq!(warnings(&server), 2);
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK\nSECKILL.CREATE other STOCK 1 => OK").await;
    assert_eq!(warnings(&server), 2);
}

#[tokio::test]
async fn not_where_something_is_saved() {
    for config in [AOF, "save 3600 1"] {
        let server = Server::with(config).await;
        play(&mut server.connect().await, "SECKILL.CREATE sale STOCK 1 => OK").await;
        assert_eq!(warnings(&server), 0, "{config}");
    }
}

#[tokio::test]
async fn a_change_of_the_settings_is_noticed() {
    for (before, change, expected) in [
        ("", "appendonly yes", 1),
        ("", "save \"3600 1\"", 1),
        ("appendonly yes", "appendonly no", 1),
        ("save 3600 1", "save \"\"", 1),
        ("appendonly yes\nsave 3600 1", "save \"\"", 0),
    ] {
        let server = Server::with(before).await;
        let session = format!("CONFIG SET {change} => OK\nSECKILL.CREATE sale STOCK 1 => OK");
        play(&mut server.connect().await, &session).await;
        assert_eq!(warnings(&server), expected, "{before:?}, then {change}");
    }
}
