//! Exit codes, and what an error says to do next.

use super::program::Program;
use crate::harness::server::Server;

#[tokio::test]
async fn the_exit_code_says_whose_fault_it_is() {
    let server = Server::start().await;
    let program = Program::on(&server);
    for (line, code, advice) in [
        ("sale create bottles --stock 3", 0, ""),
        ("sale show missing", 1, "`seckill sale list` lists the sales"),
        ("sale create bottles --stock 4", 1, "BUSYKEY"),
        ("sale create bottles --stock many", 2, "--stock"),
        ("sale create other --stock 3 --opens tomorrow", 2, "2026-11-27T20:00:00Z or +10m"),
        ("--url redis://ann:secret@/x:y sale show bottles", 2, "--url redis://…@/x:y"),
        ("--url redis+unix:///nowhere sale show bottles", 3, "--url or SECKILL_URL names another"),
    ] {
        let ended = program.run(line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(advice), "{line}: {ended:?}");
        assert_eq!(ended.out.is_empty(), code != 0, "{line}: {ended:?}");
    }
}

#[tokio::test]
async fn a_server_without_the_module_is_named_so() {
    let server = Server::without_module("").await.unwrap();
    let program = Program::at([super::program::socket_url(&server.socket())]);
    let ended = program.run("sale show bottles").await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.errors.contains("the server lacks the module"), "{ended:?}");
}
