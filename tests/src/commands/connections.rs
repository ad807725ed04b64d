//! The program reaches servers of every kind by their URLs.

use seckill_launcher::free_port;

use super::certificates::Authority;
use super::program::{Program, socket_url};
use crate::cluster::nodes::Cluster;
use crate::harness::sentinel::Sentinel;
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

/// A sale is created and read, and a command runs under a lock.
async fn works(program: &Program) {
    for sale in ["one", "two", "three"] {
        program.prints(&format!("sale create {sale} --stock 3")).await;
        assert_eq!(program.json(&format!("sale show {sale}")).await["available"], 3);
        assert_eq!(program.prints(&format!("lock run {sale}:lock -- echo done")).await, "done\n");
        assert_eq!(program.json(&format!("lock show {sale}:lock")).await["holder"], serde_json::Value::Null);
    }
}

/// Such a URL fails with this code, and an error that says this.
async fn fails(url: &str, code: i32, why: &str) {
    let ended = Program::at([url]).run("sale show one").await;
    assert_eq!(ended.code, code, "{url}: {ended:?}");
    assert!(ended.errors.contains(why), "{url}: {ended:?}");
    assert!(!ended.errors.contains("p%40ss") && !ended.errors.contains("p@ss"), "{url}: {ended:?}");
}

#[tokio::test]
async fn a_user_with_a_password_in_another_database() {
    let server = Server::primary("").await;
    let mut connection = server.connect().await;
    play(
        &mut connection,
        "ACL SETUSER ann on >p@ss/w:rd ~* -@all +select +seckill.create +seckill.info +seckill.lock \
         +seckill.unlock +seckill.waiters => OK\nACL SETUSER guest on >p@ss ~* -@all => OK",
    )
    .await;
    let at = format!("127.0.0.1:{}", server.port());
    for protocol in ["resp2", "resp3"] {
        works(&Program::at([format!("redis://ann:p%40ss%2Fw%3Ard@{at}/2?protocol={protocol}")])).await;
        works(&Program::at([format!(
            "{}?db=2&user=ann&pass=p%40ss%2Fw%3Ard&protocol={protocol}",
            socket_url(&server.socket())
        )]))
        .await;
    }
    assert_eq!(ask(&mut connection, "DBSIZE").await, "0");
    play(&mut connection, "SELECT 2 => OK\nDBSIZE => 3").await;

    fails(&format!("redis://ann:p%40ss@{at}/2"), 3, "name the user and the password").await;
    fails(&format!("redis://guest:p%40ss@{at}"), 3, "name a user that may do this").await;
    fails(&format!("redis://ann:p%40ss%2Fw%3Ard@{at}/99"), 3, "DB index is out of range").await;
    fails(&format!("redis://ann:p%40ss@127.0.0.1:{}", free_port()), 3, "is the server running there?").await;
}

#[tokio::test]
async fn tls_with_certificates_of_both_sides() {
    let (authority, other) = (Authority::new("ours"), Authority::new("other"));
    let (certificate, key) = authority.sign("server");
    let port = free_port();
    let server = Server::primary_with_tls(&format!(
        "tls-port {port}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients yes",
        certificate.display(),
        key.display(),
        authority.file().display()
    ))
    .await;
    let Some(server) = server else {
        eprintln!("skipped on this server: it has no TLS");
        return;
    };
    let program = Program::at([format!("rediss://127.0.0.1:{port}")]);
    let (certificate, key) = authority.sign("client");
    let identity = format!("--tls-cert {} --tls-key {}", certificate.display(), key.display());
    let run = async |options: &str| program.run(&format!("sale create one --stock 3 {options}")).await;
    let trusted = format!("--tls-ca {}", authority.file().display());
    let ended = run(&format!("{identity} {trusted}")).await;
    assert_eq!(ended.code, 0, "{ended:?}");

    for options in [&format!("{identity} --tls-ca {}", other.file().display()), &identity] {
        let ended = run(options).await;
        assert_eq!(ended.code, 3, "{options}: {ended:?}");
        for part in ["invalid peer certificate", "--tls-ca names the authority"] {
            assert!(ended.errors.contains(part), "{options}: {ended:?}");
        }
    }
    let ended = run(&trusted).await;
    assert_eq!(ended.code, 3, "the server wants to know who we are: {ended:?}");
    let ended = run("--tls-ca /missing").await;
    assert!(ended.code == 2 && ended.errors.contains("cannot read /missing"), "{ended:?}");
    drop(server);
}

#[tokio::test]
async fn a_cluster_whose_first_node_is_down() {
    let cluster = Cluster::start("").await;
    let mut urls = cluster.urls();
    urls.insert(0, format!("redis://127.0.0.1:{}/", free_port()));
    works(&Program::at(urls)).await;
}

/// Sentinels are asked without the password of the servers, which most have none of.
#[tokio::test]
async fn sentinels_without_a_password_and_servers_with_one() {
    let primary = Server::primary("").await;
    let replica = Server::replica_of(primary.port(), "").await;
    replica.catch_up(&primary).await;
    let sentinel = Sentinel::watching(&primary).await;
    sentinel.play("SENTINEL SET shop auth-pass secret => OK").await;
    play(&mut replica.connect().await, "CONFIG SET masterauth secret => OK").await;
    let mut connection = primary.connect().await;
    play(&mut connection, "CONFIG SET requirepass secret => OK").await;

    let at = format!("127.0.0.1:{}", sentinel.port());
    let down = format!("redis://:secret@127.0.0.1:{}/2", free_port());
    let program = Program::at([down.clone(), format!("redis://:secret@{at}/2")]);
    works(&program).await;
    play(&mut connection, "SELECT 2 => OK\nDBSIZE => 3").await;
    fails(&format!("redis://{at}"), 3, "name the user and the password").await;

    sentinel.play(&format!("SENTINEL MONITOR other 127.0.0.1 {} 1 => OK", replica.port())).await;
    for line in ["sale show one", "sale show one --primary missing"] {
        let ended = program.run(line).await;
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.errors.contains("choose one of these by --primary: other, shop"), "{ended:?}");
    }
    assert_eq!(program.json("sale show one --primary shop").await["available"], 3);

    // Without it the server would not end.
    play(&mut connection, "CONFIG SET requirepass \"\" => OK").await;
}
