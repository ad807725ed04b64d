//! Asks the servers.

use std::time::Instant;

use redis::cmd;
use seckill_client::connect::Connect;
use seckill_client::{Info, Phase, Seckill};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::families::{Families, Kind, Labels};
use super::fields;
use crate::exit::Failure;
use crate::servers::{AnyConnection, Connector, Primary, Servers};

/// What is asked.
pub(super) struct Source {
    servers: Servers,
    sales: Vec<String>,
    /// How the servers are reached, once one of them was.
    connector: OnceCell<Connector>,
}

/// What a scrape found, and what failed.
#[derive(Debug)]
pub(super) struct Scrape {
    pub(super) families: Families,
    /// The last failure.
    pub(super) failure: Option<Failure>,
    /// Whether any server answered.
    is_up: bool,
}

impl Source {
    pub(super) fn new(servers: Servers, sales: Vec<String>) -> Self {
        Self { servers, sales, connector: OnceCell::new() }
    }

    /// Finds out what the servers are. A server that is down may be up later.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        match self.connector().await {
            Err(usage @ Failure::Usage(_)) => Err(usage),
            _ => Ok(()),
        }
    }

    /// Asks each server once.
    pub(super) async fn scrape(&self) -> Scrape {
        let began = Instant::now();
        let mut scrape = Scrape { families: Families::default(), failure: None, is_up: false };
        if let Err(failure) = self.ask_primaries(&mut scrape).await {
            scrape.up("", Err(failure));
        }
        let sales = self.ask_sales(scrape.is_up).await;
        for (sale, info) in self.sales.iter().zip(sales) {
            scrape.sale(sale, info.as_ref());
        }
        scrape.add(
            "seckill_scrape_duration_seconds",
            "How long the servers took",
            began.elapsed().as_secs_f64(),
        );
        scrape
    }

    async fn connector(&self) -> Result<&Connector, Failure> {
        self.connector.get_or_try_init(|| self.servers.connector()).await
    }

    async fn ask_primaries(&self, scrape: &mut Scrape) -> Result<(), Failure> {
        for (name, primary) in self.connector().await?.each_primary(self.servers.within()).await? {
            let section = match primary {
                Ok(primary) => section(primary).await,
                Err(failure) => Err(failure),
            };
            scrape.up(&name, section.as_ref().map(|_| ()).map_err(Clone::clone));
            if let Ok(section) = section {
                scrape.section(&name, &section);
            }
        }
        Ok(())
    }

    /// The figures of each sale that can be read.
    async fn ask_sales(&self, is_up: bool) -> Vec<Option<Info>> {
        let mut infos = vec![None; self.sales.len()];
        if infos.is_empty() || !is_up {
            return infos;
        }
        let Ok(connection) = self.connect().await else { return infos };
        let mut tasks = JoinSet::new();
        for (place, sale) in self.sales.iter().cloned().enumerate() {
            let mut connection = connection.clone();
            tasks.spawn(async move { (place, connection.seckill().info(sale).await) });
        }
        let read = async {
            while let Some(answer) = tasks.join_next().await {
                if let Ok((place, Ok(info))) = answer {
                    infos[place] = Some(info);
                }
            }
        };
        // Those that were not read in time are left out.
        let _ = timeout(self.servers.within(), read).await;
        infos
    }

    async fn connect(&self) -> Result<AnyConnection, Failure> {
        let connecting = timeout(self.servers.within(), self.connector().await?.connect());
        Ok(connecting.await.map_err(Failure::server)??)
    }
}

async fn section(mut primary: Primary) -> Result<String, Failure> {
    let section: String = primary.query(cmd("INFO").arg("seckill")).await?;
    if fields::read(&section).next().is_none() {
        return Err(Failure::Server("the server lacks the module".to_owned()));
    }
    Ok(section)
}

impl Scrape {
    fn add(&mut self, name: &str, help: &'static str, value: f64) {
        self.families.add(name, Kind::Gauge, help, Labels::new(), value);
    }

    fn up(&mut self, server: &str, answer: Result<(), Failure>) {
        let help = "Whether the server answers, and has the module";
        self.families.add("seckill_up", Kind::Gauge, help, of_server(server), f64::from(answer.is_ok()));
        self.is_up |= answer.is_ok();
        self.failure = answer.err().or(self.failure.take());
    }

    /// Texts such as the version are labels of one metric.
    fn section(&mut self, server: &str, section: &str) {
        let mut texts = of_server(server);
        for (name, value) in fields::read(section) {
            match (value.parse(), fields::known(name)) {
                (Ok(value), Some(field)) => {
                    self.families.add(name, field.kind, field.help, of_server(server), value);
                }
                (Ok(value), None) => {
                    let help = "A field of INFO that this version of the program does not know";
                    self.families.add(name, Kind::Unknown, help, of_server(server), value);
                }
                (Err(_), _) => texts.push((name.trim_start_matches("seckill_").to_owned(), value.to_owned())),
            }
        }
        self.families.add("seckill_module", Kind::Info, "The module", texts, 1.0);
    }

    fn sale(&mut self, sale: &str, info: Option<&Info>) {
        let of_sale = || vec![("sale".to_owned(), sale.to_owned())];
        let mut add = |name: &str, kind, help, value| {
            self.families.add(&format!("seckill_sale_{name}"), kind, help, of_sale(), value);
        };
        add("up", Kind::Gauge, "Whether the sale can be read", f64::from(info.is_some()));
        let Some(info) = info else { return };
        add("available", Kind::Gauge, "Units that can be bought", info.available as f64);
        add("held", Kind::Gauge, "Units in held orders", info.held as f64);
        add("sold", Kind::Gauge, "Units in sold orders", info.sold as f64);
        add("orders", Kind::Counter, "Orders in any state", info.orders as f64);
        add("buyers", Kind::Gauge, "Buyers with an order", info.buyers as f64);
        add("room", Kind::Gauge, "Orders that the sale can still take", info.room.into());
        add("seq", Kind::Gauge, "The number of the last event", info.seq as f64);
        add("diverged", Kind::Gauge, "1: this copy diverged, and decides nothing", f64::from(info.diverged));
        for (name, help, millis) in [
            (
                "opens_timestamp_seconds",
                "When the sale opens, where it does not from the beginning",
                info.rules.opens,
            ),
            ("closes_timestamp_seconds", "When the sale closes, where it does", info.rules.closes),
        ] {
            if millis > 0 {
                add(name, Kind::Gauge, help, millis as f64 / 1_000.0);
            }
        }
        self.state(sale, &info.state);
    }

    /// A metric for each state, also for one of a newer module.
    fn state(&mut self, sale: &str, current: &Phase) {
        let newer = (!Phase::ALL.contains(current)).then_some(current);
        for phase in Phase::ALL.iter().chain(newer) {
            let labels = [("sale", sale), ("state", phase.as_str())];
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let help = "1 for the state of the sale, 0 for the others";
            let is_current = f64::from(phase == current);
            self.families.add("seckill_sale_state", Kind::Gauge, help, labels, is_current);
        }
    }
}

/// The only server has no name.
fn of_server(name: &str) -> Labels {
    if name.is_empty() { Labels::new() } else { vec![("server".to_owned(), name.to_owned())] }
}
