//! `seckill serve`: where it keeps data, and what it says about that.

use std::fs;

use super::running::User;
use crate::harness::conditions::wait_until;
use crate::harness::session::play;

const SELL: &str = "
    SECKILL.CREATE bottles STOCK 3 => OK
    SECKILL.BUY bottles ann order-1 => SOLD
";
const STILL_SOLD: &str = "
    SECKILL.BUYER bottles ann => [\"held\" 0 \"sold\" 1 \"orders\" [\"order-1\"]]
";
const NOTHING: &str = "EXISTS bottles => 0";

/// Sells, ends the program by SIGINT, as Ctrl-C does, and serves again.
async fn sell_and_serve_again(user: &User, arguments: &[&str], then: &str) -> String {
    let first = user.serve(arguments).await;
    play(&mut first.connect().await, SELL).await;
    let lifeline = first.lifeline();
    first.signal("INT");
    lifeline.wait();
    let output = first.output();
    assert!(output.status.success(), "{output:?}");

    let second = user.serve(arguments).await;
    play(&mut second.connect().await, then).await;
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn orders_are_kept_where_it_says() {
    let user = User::new();
    let printed = sell_and_serve_again(&user, &[], STILL_SOLD).await;
    let data = user.home.path().join("seckill-data").canonicalize().unwrap();
    assert!(printed.contains(&format!("Data is kept in {}\n", data.display())), "{printed}");
    assert!(data.join("appendonlydir").is_dir());
}

#[tokio::test]
async fn a_directory_may_be_named() {
    let user = User::new();
    sell_and_serve_again(&user, &["--dir", "my/orders"], STILL_SOLD).await;
    assert!(user.home.path().join("my/orders/appendonlydir").is_dir());
    assert!(!user.home.path().join("seckill-data").exists());
}

#[tokio::test]
async fn a_throwaway_server_leaves_nothing() {
    let user = User::new();
    sell_and_serve_again(&user, &["--throwaway"], NOTHING).await;
    assert!(!user.home.path().join("seckill-data").exists());
    wait_until("its directory is removed", async || user.temporary_files().is_empty()).await;
}

/// What the file says counts, unless an option says otherwise.
#[tokio::test]
async fn a_configuration_file_decides() {
    let user = User::new();
    let kept = user.home.path().join("kept");
    fs::create_dir(&kept).unwrap();
    let configuration = format!("dir \"{}\"\nappendonly yes\nmaxclients 77\n", kept.display());
    fs::write(user.home.path().join("redis.conf"), configuration).unwrap();
    let then = format!("{STILL_SOLD}\n CONFIG GET maxclients => [\"maxclients\" \"77\"]");
    sell_and_serve_again(&user, &["redis.conf"], &then).await;
    assert!(kept.join("appendonlydir").is_dir());
    assert!(!user.home.path().join("seckill-data").exists());
}

/// Two servers would overwrite each other's files.
#[tokio::test]
async fn two_servers_do_not_share_a_directory() {
    let user = User::new();
    let _first = user.serve(&[]).await;
    let second = user.program().args(["serve", "--port", "0"]).output().unwrap();
    let errors = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && errors.contains("another server keeps its data in"), "{errors}");
}
