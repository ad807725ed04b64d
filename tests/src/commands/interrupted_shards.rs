//! What `seckill sale` did to some shards of a sale only is finished by the same command.

use super::program::{Ended, Program};
use crate::harness::server::Server;
use crate::harness::session::play;

/// A server, and two who use it: one may write to the first half of the shards only.
struct Shop {
    server: Server,
    half: Program,
    whole: Program,
}

impl Shop {
    async fn open() -> Self {
        let server = Server::start().await;
        let user = "ACL SETUSER half on >secret +@all %R~* ~bottles ~{bottles}* ~{bottles:[01]:* => OK";
        play(&mut server.connect().await, user).await;
        let url = format!("redis+unix://{}?user=half&pass=secret", server.socket().display());
        Self { half: Program::at([url]), whole: Program::on(&server), server }
    }

    /// The same command fails for the one, which says what to do, and succeeds for the other.
    async fn interrupts(&self, line: &str, advice: &str) -> Ended {
        let ended = self.half.run(line).await;
        assert!(ended.code == 3 && ended.errors.contains(advice), "{line}: {ended:?}");
        self.whole.prints(line).await;
        ended
    }

    async fn sums(&self, figure: &str) -> u64 {
        let shown = self.whole.json("sale show bottles").await;
        shown[figure].as_u64().unwrap()
    }
}

const REPEAT: &str = "repeat the same command";

#[tokio::test]
async fn a_creation_is_finished() {
    let shop = Shop::open().await;
    let line = "sale create bottles --stock 10 --shards 4";
    let ended = shop.half.run(line).await;
    assert!(ended.code == 3 && ended.errors.contains(REPEAT), "{ended:?}");
    let unfinished = shop.whole.run("sale show bottles").await;
    assert!(unfinished.code == 1 && unfinished.errors.contains("create it again"), "{unfinished:?}");
    shop.whole.prints(line).await;
    assert_eq!(shop.sums("available").await, 10);
}

/// The instant is another one in the next call, so it is said.
#[tokio::test]
async fn a_creation_with_an_instant_from_now_on_is_finished() {
    let shop = Shop::open().await;
    let ended = shop.half.run("sale create bottles --stock 10 --shards 4 --opens +1h").await;
    let opens = ended.errors.split("--opens ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let opens = opens.unwrap_or_else(|| panic!("{ended:?}")).trim_end_matches(':');
    shop.whole.prints(&format!("sale create bottles --stock 10 --shards 4 --opens {opens}")).await;
    assert_eq!(shop.whole.json("sale show bottles").await["state"], "UPCOMING");
}

#[tokio::test]
async fn an_alteration_is_finished() {
    let shop = Shop::open().await;
    shop.whole.prints("sale create bottles --stock 10 --shards 4 --opens +1h").await;
    let differs = async || shop.whole.prints("sale show bottles").await.contains("was not finished");
    assert_eq!(shop.half.run("sale alter bottles --limit 3").await.code, 3);
    assert!(differs().await);
    shop.interrupts("sale alter bottles --limit 3", REPEAT).await;
    assert!(!differs().await);

    // A shard that was closed has other instants than the others.
    shop.interrupts("sale close bottles", REPEAT).await;
    shop.interrupts("sale open bottles --at +2h", REPEAT).await;
    shop.interrupts("sale close bottles --at +1h", REPEAT).await;
    shop.interrupts("sale open bottles", REPEAT).await;
    let shown = shop.whole.json("sale show bottles").await;
    let states = shown["shards"].as_array().unwrap().iter().map(|shard| shard["state"].as_str().unwrap());
    assert_eq!(states.collect::<Vec<_>>(), ["OPEN"; 4], "{shown}");
}

/// The units are in one shard then, or in none.
#[tokio::test]
async fn a_restock_is_finished() {
    let shop = Shop::open().await;
    shop.whole.prints("sale create bottles --stock 0 --shards 4").await;
    let mut interrupted = 0;
    for delivery in 1..=8 {
        let line = format!("sale restock bottles 5 --id delivery-{delivery}");
        // The id may lead to a shard where the one may write.
        let ended = shop.half.run(&line).await;
        assert!(ended.code == 0 || ended.errors.contains("repeat it with --id"), "{ended:?}");
        interrupted += u32::from(ended.code == 3);
        shop.whole.prints(&line).await;
        assert_eq!(shop.sums("available").await, 5 * delivery);
    }
    assert!(interrupted > 0);
}

#[tokio::test]
async fn a_deletion_is_finished() {
    let shop = Shop::open().await;
    shop.whole.prints("sale create bottles --stock 10 --shards 4").await;
    shop.interrupts("sale delete bottles --yes", REPEAT).await;
    play(&mut shop.server.connect().await, "DBSIZE => 0").await;
}
