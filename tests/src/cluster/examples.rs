//! The programs of `module/examples` buy from a sale of many shards, which the session of the page creates.

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use crc::{CRC_32_ISO_HDLC, Crc};
use redis::cluster_async::ClusterConnection;
use redis::{Value, cmd};
use seckill_client::{Seckill, State};
use tokio::process::Command;

use super::nodes::Cluster;
use crate::harness::built::workspace;
use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::markdown::{blocks_in, fenced_blocks};
use crate::harness::proxy::Proxy;
use crate::harness::server::Connection;
use crate::harness::session::{command, get};

const PROMPT: &str = "127.0.0.1:6379> ";

/// A program, and the script that runs it.
#[derive(Clone, Copy)]
struct Program {
    runner: &'static str,
    file: &'static str,
}

const PYTHON: Program = Program { runner: "python", file: "sharded_sale.py" };
const NODE: Program = Program { runner: "node", file: "sharded_sale.js" };

impl Program {
    fn path(self) -> PathBuf {
        workspace().join("module/examples").join(self.file)
    }

    async fn run(self, url: &str, buyer: &str, order: &str) -> Output {
        let mut program = Command::new(workspace().join("tests/scripts").join(self.runner));
        program.arg(self.path()).args([url, "bottles", buyer, order]);
        program.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
    }

    /// The answer that it prints.
    async fn buy(self, url: &str, buyer: &str, order: &str) -> String {
        let output = self.run(url, buyer, order).await;
        assert!(output.status.success(), "{}: {output:?}", self.file);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

fn page() -> String {
    fs::read_to_string(workspace().join("module/README.md")).unwrap()
}

/// Creates the sale in the words of the page. Returns the keys of its shards.
async fn create(connection: &mut ClusterConnection) -> Vec<String> {
    let page = page();
    let session =
        fenced_blocks(&page).find(|block| block.contains("HSETNX bottles salt")).expect("a session");
    for line in session.lines().filter_map(|line| line.strip_prefix(PROMPT)) {
        let _: Value =
            command(line).query_async(connection).await.unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    let count: usize = cmd("HGET").arg("bottles").arg("shards").query_async(connection).await.unwrap();
    let numbers: Vec<usize> = (0..count).collect();
    cmd("HMGET").arg("bottles").arg(numbers).query_async(connection).await.unwrap()
}

/// The number of a buyer's home.
fn home(buyer: &str, shards: &[String]) -> usize {
    Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(buyer.as_bytes()) as usize % shards.len()
}

/// Each order is at the home of its buyer and nowhere else, however often the program is run.
async fn buys_at_home(program: Program) {
    let cluster = Cluster::start("").await;
    let mut connection = cluster.connect().await;
    let shards = create(&mut connection).await;
    let url = cluster.urls().remove(0);

    let buyers = ["ann", "bob", "cat", "dan", "eve", "Zoë"];
    for buyer in buyers {
        let order = format!("order of {buyer}");
        for _ in 0..2 {
            assert_eq!(program.buy(&url, buyer, &order).await, "SOLD", "{buyer}");
        }
        for (number, shard) in shards.iter().enumerate() {
            let found = connection.seckill().order(shard, &order).await.unwrap();
            let found = found.map(|order| (order.buyer, order.qty, order.state));
            let expected =
                (number == home(buyer, &shards)).then(|| (buyer.as_bytes().to_vec(), 1, State::Sold));
            assert_eq!(found, expected, "{order} in {shard}");
        }
    }
    let mut sold = 0;
    for shard in &shards {
        connection.seckill().audit(shard).await.unwrap();
        sold += connection.seckill().info(shard).await.unwrap().sold;
    }
    assert_eq!(sold, buyers.len() as u64);
    for node in &cluster.nodes {
        let stats: String = get(&mut node.connect().await, "INFO commandstats").await;
        assert!(!stats.contains("getkeys"), "{} asks where a BUY goes", program.file);
    }

    // Both units of this home are sold. Another shard has some, which arrive when they are moved.
    let (full, empty) = (home("ann", &shards), home("bob", &shards));
    let buyer =
        (0..).map(|number| format!("buyer-{number}")).find(|buyer| home(buyer, &shards) == full).unwrap();
    assert_eq!(program.buy(&url, &buyer, "late").await, "SOLDOUT");
    let id = format!("transfer:{empty}:{full}:1:0191e0a4-7b6c-7def-8123-456789abcdef");
    assert_eq!(connection.seckill().restock(&shards[empty], -1, &id).await, Ok(0));
    assert_eq!(connection.seckill().restock(&shards[full], 1, &id).await, Ok(1));
    assert_eq!(program.buy(&url, &buyer, "late").await, "SOLD");
}

/// The reply to a BUY is lost after it was executed: the program sends it again, and there is one order.
async fn sends_again(program: Program) {
    let cluster = Cluster::start("").await;
    let shards = create(&mut cluster.connect().await).await;
    let proxies = announce_proxies(&cluster).await;
    let shard = &shards[home("ann", &shards)];
    let (_, owner) = cluster.place(shard).await;
    let (node, proxy) = (&cluster.nodes[owner], &proxies[owner]);
    let mut connection = node.connect().await;

    node.play("CLIENT PAUSE 600000 WRITE => OK").await;
    let lose_the_reply = async {
        wait_until("a BUY waits", async || has_bought(&mut connection).await).await;
        proxy.hang();
        node.play("CLIENT UNPAUSE => OK").await;
        wait_until("it is executed", async || {
            connection.seckill().order(shard, "o1").await.unwrap().is_some()
        })
        .await;
        proxy.cut();
        wait_until("the connection is closed", async || !has_bought(&mut connection).await).await;
        proxy.mend();
    };
    let url = format!("redis://127.0.0.1:{}", proxies[0].port());
    let (answer, ()) = futures_util::future::join(program.buy(&url, "ann", "o1"), lose_the_reply).await;
    assert_eq!(answer, "SOLD");
    let info = connection.seckill().info(shard).await.unwrap();
    assert_eq!((info.orders, info.held, info.sold), (1, 0, 1));
    let calls = stat(&mut connection, "commandstats", "cmdstat_seckill.buy").await;
    assert!(!calls.starts_with("calls=1,"), "it was sent once: {calls}");
}

/// Whether a client is connected whose last command is a BUY.
async fn has_bought(connection: &mut Connection) -> bool {
    let clients: String = get(connection, "CLIENT LIST").await;
    clients.to_lowercase().contains("cmd=seckill.buy")
}

/// Puts a proxy before each node, and waits until all nodes name these to clients.
async fn announce_proxies(cluster: &Cluster) -> Vec<Proxy> {
    let mut proxies = vec![];
    for node in &cluster.nodes {
        let proxy = Proxy::to(&node.server).await;
        node.play(&format!("CONFIG SET cluster-announce-port {} => OK", proxy.port())).await;
        proxies.push(proxy);
    }
    for node in &cluster.nodes {
        let mut connection = node.connect().await;
        wait_until("the node names the proxies", async || {
            let nodes: String = get(&mut connection, "CLUSTER NODES").await;
            proxies.iter().all(|proxy| nodes.contains(&format!(":{}@", proxy.port())))
        })
        .await;
    }
    proxies
}

#[tokio::test]
async fn the_program_in_python_buys_at_home() {
    buys_at_home(PYTHON).await;
}

#[tokio::test]
async fn the_program_in_javascript_buys_at_home() {
    buys_at_home(NODE).await;
}

#[tokio::test]
async fn the_program_in_python_sends_again() {
    sends_again(PYTHON).await;
}

#[tokio::test]
async fn the_program_in_javascript_sends_again() {
    sends_again(NODE).await;
}

/// What the page shows of the programs is what runs here.
#[test]
fn the_page_shows_the_programs() {
    let page = page();
    for (language, program) in [("python", PYTHON), ("js", NODE)] {
        let shown = blocks_in(&page, language).next().expect(language);
        assert!(
            fs::read_to_string(program.path()).unwrap().contains(shown),
            "{} has no longer:\n{shown}",
            program.file
        );
    }
}
