//! `seckill metrics`, as Prometheus scrapes it.

use std::collections::BTreeMap;
use std::fs;

use futures_util::future::join_all;
use seckill_client::{Buy, Error, NewSale, Seckill};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exposition::Page;
use super::program::{Program, Started};
use crate::cluster::nodes::Cluster;
use crate::harness::built::workspace;
use crate::harness::conditions::{HOUR, PATIENCE, wait_until};
use crate::harness::info::stat;
use crate::harness::markdown::code;
use crate::harness::processes::Stopped;
use crate::harness::server::{Connection, Server};

const OPEN_METRICS: &str = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";

/// An exporter, and where it listens.
struct Exporter {
    program: Started,
    address: String,
}

impl Exporter {
    async fn of(server: &Server, sales: &str) -> Self {
        Self::start(&Program::on(server), &format!("{sales} --listen 127.0.0.1:0")).await
    }

    async fn start(program: &Program, arguments: &str) -> Self {
        let mut program = program.start(&format!("metrics {arguments}"));
        let line = program.line().await;
        let url = line.strip_prefix("listening: http://").expect(&line);
        let address = url.strip_suffix("/metrics").expect(&line).to_owned();
        Self { program, address }
    }

    /// Sends a request as it stands: the head and the body of the response.
    async fn request(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").expect("a head");
        (head.to_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str, headers: &str) -> (String, String) {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")).await
    }

    async fn scrape(&self) -> Page {
        let (head, body) = self.get("/metrics", OPEN_METRICS).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let content_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(head.contains(content_type), "{head}");
        Page::open_metrics(&body)
    }
}

/// The names and units of the fields, as the reference lists them.
fn fields_of_the_page() -> BTreeMap<String, String> {
    let page = fs::read_to_string(workspace().join("module/README.md")).unwrap();
    let (_, section) = page.split_once("\n## INFO fields\n").unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with("| field | unit |")).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (code(cells[1])[0].to_owned(), cells[2].to_owned())
    })
    .collect()
}

#[tokio::test]
async fn each_field_of_info_is_a_metric() {
    let server = Server::start().await;
    let exporter = Exporter::of(&server, "").await;
    let page = exporter.scrape().await;
    let mut kinds: BTreeMap<String, String> =
        page.0.iter().map(|(name, family)| (name.clone(), family.kind.clone())).collect();
    for own in ["seckill_up", "seckill_scrape_duration_seconds"] {
        assert_eq!(kinds.remove(own).as_deref(), Some("gauge"), "{own}");
    }
    assert_eq!(kinds.remove("seckill_module").as_deref(), Some("info"));
    assert_eq!(
        page.value("seckill_module", &format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))),
        Some(1.0)
    );

    let mut fields = fields_of_the_page();
    assert_eq!(fields.remove("seckill_version").as_deref(), Some("version"));
    let expected = fields.into_iter().map(|(name, unit)| {
        let kind = if unit == "count" { "counter" } else { "gauge" };
        (name, kind.to_owned())
    });
    assert_eq!(kinds, expected.collect());
}

#[tokio::test]
async fn purchases_are_counted() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("bottles", NewSale::new(3).hold(HOUR)).await.unwrap();
    connection.seckill().create("\"\\", NewSale::new(1).opens(32_503_680_000_000)).await.unwrap();
    redis::cmd("SET").arg("text").arg("").exec_async(&mut connection).await.unwrap();
    let exporter = Exporter::of(&server, "bottles \"\\ text missing").await;
    let bottles = |page: &Page, name: &str| page.value(&format!("seckill_sale_{name}"), "{sale=\"bottles\"}");
    let state = |page: &Page, state: &str| {
        page.value("seckill_sale_state", &format!("{{sale=\"bottles\",state=\"{state}\"}}"))
    };

    let before = exporter.scrape().await;
    assert_eq!(before.value("seckill_orders_accepted", ""), Some(0.0));
    assert_eq!(bottles(&before, "available"), Some(3.0));
    assert_eq!((state(&before, "OPEN"), state(&before, "SOLDOUT")), (Some(1.0), Some(0.0)));
    assert_eq!(bottles(&before, "opens_timestamp_seconds"), None);
    assert_eq!(
        before.value("seckill_sale_opens_timestamp_seconds", r#"{sale="\"\\"}"#),
        Some(32_503_680_000.0)
    );
    for (labels, up) in [("bottles", 1.0), ("text", 0.0), ("missing", 0.0)] {
        assert_eq!(before.value("seckill_sale_up", &format!("{{sale=\"{labels}\"}}")), Some(up), "{labels}");
    }

    for order in ["order-1", "order-2", "order-3", "order-4"] {
        connection.seckill().buy("bottles", Buy::new("ann", order)).await.unwrap();
    }
    connection.seckill().confirm("bottles", "order-1").await.unwrap();
    let after = exporter.scrape().await;
    assert_eq!(after.value("seckill_orders_accepted", ""), Some(3.0));
    assert_eq!(after.value("seckill_refused_soldout", ""), Some(1.0));
    for (name, value) in [("available", 0.0), ("held", 2.0), ("sold", 1.0), ("orders", 3.0), ("seq", 5.0)] {
        assert_eq!(bottles(&after, name), Some(value), "{name}");
    }
    assert_eq!((state(&after, "OPEN"), state(&after, "SOLDOUT")), (Some(0.0), Some(1.0)));
    assert_eq!(after.0["seckill_sale_orders"].kind, "counter");

    // Whoever does not ask for OpenMetrics gets the text format, as --once prints it.
    let (head, text) = exporter.get("/metrics", "").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    let once = Program::on(&server).prints("metrics bottles --once").await;
    for text in [text, once] {
        let page = Page::text(&text);
        assert_eq!(page.value("seckill_orders_accepted_total", ""), Some(3.0));
        assert_eq!(page.0["seckill_orders_accepted_total"].kind, "counter");
        assert_eq!(bottles(&page, "held"), Some(2.0));
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_a_metric() {
    let mut server = Server::with("appendonly yes\nappendfsync always").await;
    server.connect().await.seckill().create("bottles", NewSale::new(3)).await.unwrap();
    let exporter = Exporter::of(&server, "bottles").await;
    let up = async || {
        let page = exporter.scrape().await;
        (page.value("seckill_up", ""), page.value("seckill_sale_up", "{sale=\"bottles\"}"))
    };
    assert_eq!(up().await, (Some(1.0), Some(1.0)));
    server.kill();
    wait_until("it is down", async || up().await == (Some(0.0), Some(0.0))).await;
    // One that begins now waits for the server, too.
    let second = Exporter::of(&server, "bottles").await;
    assert_eq!(second.scrape().await.value("seckill_up", ""), Some(0.0));
    let once = Program::on(&server).run("metrics --once").await;
    assert_eq!(once.code, 3, "{once:?}");
    assert_eq!(Page::text(&once.out).value("seckill_up", ""), Some(0.0));

    server.restart().await;
    assert_eq!(up().await, (Some(1.0), Some(1.0)));
    assert_eq!(second.scrape().await.value("seckill_up", ""), Some(1.0));

    exporter.program.signal("TERM");
    let ended = exporter.program.ended().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.errors.contains("the servers answer again"), "{ended:?}");
}

/// A key of a sale that this node of a cluster has.
async fn sale_on(connection: &mut Connection) -> String {
    for number in 0.. {
        let key = format!("sale-{number}");
        match connection.seckill().create(&key, NewSale::new(3)).await {
            Ok(()) => return key,
            Err(Error::Redis(error)) if error.redirect_node().is_some() => {}
            Err(error) => panic!("{key}: {error}"),
        }
    }
    unreachable!("some key has a slot of the node")
}

/// Two of three nodes hang: the third is read, and so is its sale, well before Prometheus gives up.
#[tokio::test]
async fn nodes_that_hang_hide_no_others() {
    let cluster = Cluster::start("cluster-node-timeout 600000").await;
    let urls = cluster.urls();
    let mut nodes = join_all(urls.iter().map(|url| async move {
        redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }))
    .await;
    let mut sales = Vec::new();
    for node in &mut nodes {
        sales.push(sale_on(node).await);
    }
    let names: Vec<&str> =
        urls.iter().map(|url| url.strip_prefix("redis://").unwrap().trim_end_matches('/')).collect();
    let ups = |page: &Page| {
        let up = |name: &&str| page.value("seckill_up", &format!("{{server=\"{name}\"}}"));
        let sale_up = |sale: &String| page.value("seckill_sale_up", &format!("{{sale=\"{sale}\"}}"));
        let up: Vec<_> = names.iter().map(|name| up(name).expect("each node")).collect();
        let sale_up: Vec<_> = sales.iter().map(|sale| sale_up(sale).expect("each sale")).collect();
        (up, sale_up)
    };
    let all = (vec![1.0; 3], vec![1.0; 3]);
    let arguments = format!("{} --listen 127.0.0.1:0", sales.join(" "));
    let exporter = Exporter::start(&Program::at(&urls), &arguments).await;
    assert_eq!(ups(&exporter.scrape().await), all);

    let stopped = (Stopped::server(&mut nodes[0]).await, Stopped::server(&mut nodes[1]).await);
    // One that begins now finds out what the servers are, too.
    let second = Exporter::start(&Program::at(&urls), &arguments).await;
    for exporter in [&exporter, &second] {
        let page = exporter.scrape().await;
        assert_eq!(ups(&page), (vec![0.0, 0.0, 1.0], vec![0.0, 0.0, 1.0]));
        let took = page.value("seckill_scrape_duration_seconds", "").unwrap();
        assert!(took < 6.0, "{took}");
    }
    let once = Program::at(&urls).run("metrics --once").await;
    assert_eq!(once.code, 3, "{once:?}");
    assert!(names[..2].iter().all(|name| once.errors.contains(name)), "{once:?}");
    drop(stopped);
    wait_until("all answer", async || ups(&exporter.scrape().await) == all).await;
}

/// More connections than are served at once, and none of them sends anything.
#[tokio::test]
async fn idle_connections_do_not_keep_others_out() {
    let server = Server::start().await;
    let exporter = Exporter::start(&Program::on(&server), "--listen localhost:0").await;
    let idle = join_all((0..40).map(|_| TcpStream::connect(&exporter.address))).await;
    assert!(idle.iter().all(Result::is_ok));
    let page = timeout(PATIENCE, exporter.scrape()).await.expect("a scrape");
    assert_eq!(page.value("seckill_up", ""), Some(1.0));
}

#[tokio::test]
async fn scrapes_do_not_pile_up() {
    const SCRAPES: usize = 20;
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let exporter = Exporter::of(&server, "").await;
    exporter.scrape().await;
    redis::cmd("CONFIG").arg("RESETSTAT").exec_async(&mut connection).await.unwrap();
    let stopped = Stopped::server(&mut connection).await;
    let begin = async {
        let mut scrapes = Vec::new();
        for _ in 0..SCRAPES {
            let mut stream = TcpStream::connect(&exporter.address).await.unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            scrapes.push(stream);
        }
        scrapes
    };
    let scrapes = begin.await;
    drop(stopped);
    let pages = join_all(scrapes.into_iter().map(|mut stream| async move {
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }));
    for page in pages.await {
        assert!(page.contains("\nseckill_up 1"), "{page}");
    }
    // The first one, and one for all who asked meanwhile; and INFO of this test.
    let calls = stat(&mut connection, "commandstats", "cmdstat_info").await;
    let calls: usize = calls.split(['=', ',']).nth(1).unwrap().parse().unwrap();
    assert!(calls < SCRAPES / 2, "{calls}");
}

#[tokio::test]
async fn nonsense_is_refused() {
    let server = Server::start().await;
    let exporter = Exporter::of(&server, "").await;
    let (head, body) = exporter.get("/", "").await;
    assert!(head.starts_with("http/1.1 200") && body.contains("/metrics"), "{head}\n{body}");
    for (request, status) in [
        ("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "405"),
        ("nonsense\r\n\r\n", "400"),
    ] {
        let (head, _) = exporter.request(request).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{status}: {head}");
    }
    // Closed before it was read to its end, so the response may be lost.
    let mut stream = TcpStream::connect(&exporter.address).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    assert!(response.is_empty() || response.starts_with(b"HTTP/1.1 431"), "{}", response.escape_ascii());
    exporter.scrape().await;

    let program = Program::on(&server);
    for (line, code, error) in [
        (format!("metrics --listen {}", exporter.address), 3, "choose another address by --listen"),
        ("metrics --listen nowhere".to_owned(), 2, "--listen"),
        ("metrics --once missing".to_owned(), 1, "seckill sale list"),
        ("metrics --once --listen 127.0.0.1:0".to_owned(), 2, "--once"),
        ("--url redis://host:x metrics".to_owned(), 2, "--url"),
    ] {
        let ended = program.run(&line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(error), "{line}: {ended:?}");
    }
}
