//! Asks the servers.

use std::time::Duration;

use futures_util::future::{join, join_all};
use redis::cmd;
use seckill_client::{Info, Phase};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::families::{Families, Kind, Labels};
use super::fields;
use super::sales::{Asked, Directories, Figures, Reached, of_sale};
use crate::exit::Failure;
use crate::servers::{AnyClient, Connector, Place, Primary, Servers};

/// The longest scrape, whatever hangs: well below the 10 s that Prometheus waits.
const SCRAPE_WITHIN: Duration = Duration::from_secs(3);

/// What is asked.
pub(super) struct Source {
    servers: Servers,
    sales: Vec<String>,
    /// How the servers are reached, once one of them was.
    connector: OnceCell<Connector>,
    /// What finds the shards of a sale.
    client: OnceCell<AnyClient>,
}

/// What a scrape found, and what failed.
#[derive(Debug)]
pub(super) struct Scrape {
    pub(super) families: Families,
    /// Why servers do not answer.
    pub(super) failure: Option<Failure>,
    /// Why a sale cannot be read.
    pub(super) sale_failure: Option<Failure>,
}

impl Source {
    pub(super) fn new(servers: Servers, sales: Vec<String>) -> Self {
        Self { servers, sales, connector: OnceCell::new(), client: OnceCell::new() }
    }

    /// Finds out what the servers are. A server that is down may be up later.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        match timeout_at(Instant::now() + self.within(), self.connector()).await {
            Ok(Err(usage @ Failure::Usage(_))) => Err(usage),
            _ => Ok(()),
        }
    }

    fn within(&self) -> Duration {
        self.servers.within().min(SCRAPE_WITHIN)
    }

    /// Asks each server once.
    pub(super) async fn scrape(&self) -> Scrape {
        let began = Instant::now();
        let within = self.within();
        let mut scrape = Scrape { families: Families::default(), failure: None, sale_failure: None };
        match self.reach(began, within).await {
            Ok(primaries) => self.ask(&primaries, began + within, &mut scrape).await,
            Err(failure) => {
                scrape.up("", Err(&failure));
                self.sales.iter().for_each(|sale| scrape.sale(&of_sale(sale), Err(failure.clone())));
            }
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

    /// Connects to all primaries. A node that hangs leaves time to ask the others.
    async fn reach(&self, began: Instant, within: Duration) -> Result<Vec<Reached>, Failure> {
        let reach = async {
            let connector = self.connector().await?;
            let for_each = if connector.has_parts() { within / 3 } else { within };
            connector.each_primary(for_each).await
        };
        let primaries = timeout_at(began + within, reach).await;
        primaries.map_err(|_| Failure::Server(NO_ANSWER.to_owned()))?
    }

    /// Asks all primaries and for all sales at once.
    async fn ask(&self, primaries: &[Reached], deadline: Instant, scrape: &mut Scrape) {
        let sections = join_all(primaries.iter().map(|(place, primary)| async move {
            let section = async { section(primary.as_ref().map_err(Clone::clone)?).await };
            let section = timeout_at(deadline, section).await;
            let section = section.unwrap_or_else(|_| Err(Failure::Server(NO_ANSWER.to_owned())));
            section.map_err(|failure| place.failure(failure))
        }));
        let (sections, figures) = join(sections, self.figures(primaries, deadline)).await;
        for ((Place { name, .. }, _), section) in primaries.iter().zip(sections) {
            scrape.up(name, section.as_ref().map(|_| ()));
            if let Ok(section) = section {
                scrape.section(name, &section);
            }
        }
        figures.into_iter().for_each(|(labels, info)| scrape.sale(&labels, info));
    }

    /// The figures of all sales, of each shard by itself.
    async fn figures(&self, primaries: &[Reached], deadline: Instant) -> Vec<Figures> {
        let directories = Directories { servers: &self.servers, client: &self.client };
        let asked = Asked { primaries, directories, deadline };
        let figures = join_all(self.sales.iter().map(|sale| asked.figures(sale))).await;
        figures.into_iter().flatten().collect()
    }
}

const NO_ANSWER: &str = "no answer in time";

async fn section(primary: &Primary) -> Result<String, Failure> {
    let section: String = cmd("INFO").arg("seckill").query_async(&mut primary.connection()).await?;
    if fields::read(&section).next().is_none() {
        return Err(Failure::Server("the server lacks the module".to_owned()));
    }
    Ok(section)
}

impl Scrape {
    fn add(&mut self, name: &str, help: &'static str, value: f64) {
        self.families.add(name, Kind::Gauge, help, Labels::new(), value);
    }

    fn up(&mut self, server: &str, answer: Result<(), &Failure>) {
        let help = "Whether the server answers, and has the module";
        self.families.add("seckill_up", Kind::Gauge, help, of_server(server), f64::from(answer.is_ok()));
        if let Err(failure) = answer {
            self.failure = Some(match self.failure.take() {
                Some(others) => Failure::Server(format!("{others}\n{failure}")),
                None => failure.clone(),
            });
        }
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

    fn sale(&mut self, sale: &Labels, info: Result<Info, Failure>) {
        let mut add = |name: &str, kind, help, value| {
            self.families.add(&format!("seckill_sale_{name}"), kind, help, sale.clone(), value);
        };
        add("up", Kind::Gauge, "Whether the sale can be read", f64::from(info.is_ok()));
        let info = match info {
            Ok(info) => info,
            Err(failure) => {
                self.sale_failure.get_or_insert(failure);
                return;
            }
        };
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
    fn state(&mut self, sale: &Labels, current: &Phase) {
        let newer = (!Phase::ALL.contains(current)).then_some(current);
        for phase in Phase::ALL.iter().chain(newer) {
            let mut labels = sale.clone();
            labels.push(("state".to_owned(), phase.as_str().to_owned()));
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
