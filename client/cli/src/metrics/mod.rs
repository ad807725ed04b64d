//! `seckill metrics`.

mod families;
mod fields;
mod http;
mod sales;
mod scrape;
mod shared;

use std::io::{self, Write};
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::exit::{Exit, Failure};
use crate::interrupt::interrupted;
use crate::output::{Output, Show};
use crate::servers::Servers;
use scrape::Source;
use shared::SharedSource;

/// Serve metrics of the servers, and of some sales, to Prometheus
///
/// Each request of /metrics asks each primary for `INFO seckill` once, and each sale for its figures. When a server is
/// down, seckill_up is 0. The shards of a sharded sale have a label `shard`. A scrape takes 3 s at most, or --within if that is shorter. It is served as OpenMetrics to whoever accepts that.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill metrics bottles
  seckill metrics bottles --listen 127.0.0.1:9200
  seckill metrics --once > /tmp/seckill.prom")]
pub(crate) struct Metrics {
    /// The keys of sales
    #[arg(value_name = "SALE", num_args = 0..=1000)]
    sales: Vec<String>,
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9121", overrides_with = "listen", value_parser = address)]
    listen: String,
    /// Print the metrics once, in the text format of Prometheus
    #[arg(long, conflicts_with = "listen")]
    once: bool,
}

impl Metrics {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let mut sales = self.sales;
        sales.sort();
        sales.dedup();
        let source = Source::new(servers.clone(), sales);
        if self.once {
            return once(&source, output).await;
        }
        source.check().await?;
        let listener = listen(&self.listen).await?;
        output.print(&Listening { address: listener.local_addr()? })?;
        tokio::select! {
            () = http::serve(listener, SharedSource::new(source)) => {}
            ended = interrupted() => ended?,
        }
        Ok(Exit::Done)
    }
}

/// Prints what can be said, also when that is that a server is down.
async fn once(source: &Source, output: Output) -> Result<Exit, Failure> {
    let scrape = source.scrape().await;
    output.print(&scrape.families)?;
    scrape.failure.or(scrape.sale_failure).map_or(Ok(Exit::Done), Err)
}

async fn listen(address: &str) -> Result<TcpListener, Failure> {
    let failed = |error: io::Error| {
        Failure::Server(format!("cannot listen at {address}: {error}\nchoose another address by --listen"))
    };
    TcpListener::bind(address).await.map_err(failed)
}

/// A host or an address, and a port.
fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("write an address and a port, such as 127.0.0.1:9121".to_owned()),
    }
}

/// Where it can be scraped.
#[derive(serde::Serialize)]
struct Listening {
    address: SocketAddr,
}

impl Show for Listening {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "listening: http://{}/metrics", self.address)
    }
}
