//! The servers that a command is about: named by URLs, and reached as what they are.

mod connection;
mod connector;
mod discovery;
mod primaries;
mod tls;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo};
use seckill_client::{Client, ShardedSale};

pub(crate) use connector::Connector;
pub(crate) use primaries::{Place, Primary};

use crate::exit::Failure;
use crate::times;
use discovery::Mode;
use tls::Certificates;

/// The client of all commands.
pub(crate) type AnyClient = Client<Connector>;

/// A sale of all commands: an ordinary one, or one of many shards.
pub(crate) type AnySale = ShardedSale<Connector>;

/// What is named by one URL, or by the URLs of one cluster or of its sentinels.
pub(crate) struct Independent {
    /// The address of the first URL.
    pub(crate) name: String,
    pub(crate) connector: Connector,
}

const DEFAULT_URL: &str = "redis://127.0.0.1/";

const URL_FORMS: &str =
    "write redis://USER:PASSWORD@HOST:PORT/DB, with what is special percent-encoded, commas too";

/// How the servers are named.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Servers")]
pub(crate) struct Servers {
    /// A server: redis://USER:PASSWORD@HOST:PORT/DB, rediss:// for TLS, or redis+unix:///PATH?db=DB
    ///
    /// Nodes of a cluster and sentinels are recognized; name several, so that one may be down.
    #[arg(
        long = "url",
        global = true,
        env = "SECKILL_URL",
        hide_env_values = true,
        value_delimiter = ',',
        value_name = "URL",
        default_value = DEFAULT_URL
    )]
    urls: Vec<String>,
    /// The servers of --url have sharded sales together, without a cluster: name them all, and in the same order each time
    // A variable that is empty is not set.
    #[arg(
        long = "independent",
        global = true,
        env = "SECKILL_INDEPENDENT",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    share_sales: bool,
    /// The primary to ask the sentinels for, where they watch several
    #[arg(long = "primary", global = true, env = "SECKILL_PRIMARY", value_name = "NAME")]
    primary: Option<String>,
    /// The longest that a call takes, with all its attempts
    #[arg(long, global = true, value_name = "TIME", default_value = "5s", value_parser = times::positive_duration)]
    within: Duration,
    /// The authority that signed the certificates of the servers [default: those of the system]
    #[arg(long, global = true, env = "SECKILL_TLS_CA", value_name = "PEM")]
    tls_ca: Option<PathBuf>,
    /// The certificate of this client
    #[arg(long, global = true, env = "SECKILL_TLS_CERT", value_name = "PEM", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of this client
    #[arg(long, global = true, env = "SECKILL_TLS_KEY", value_name = "PEM", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Servers {
    /// The longest that a call takes.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// A client of the servers, once it is known what they are.
    pub(crate) async fn client(&self) -> Result<AnyClient, Failure> {
        Ok(self.client_of(self.connector().await?))
    }

    /// The sale at a key, of either kind.
    pub(crate) async fn sale(&self, key: &str) -> Result<AnySale, Failure> {
        Ok(self.client().await?.sharded(key).await?)
    }

    /// A client that connects so.
    pub(crate) fn client_of(&self, connector: Connector) -> AnyClient {
        Client::new(connector).within(self.within)
    }

    /// How the servers are reached: asks one of them what it is.
    pub(crate) async fn connector(&self) -> Result<Connector, Failure> {
        let mut each = self.independent().await?;
        match each.len() {
            1 => Ok(each.remove(0).connector),
            count => Err(Failure::Usage(format!(
                "{count} servers are named by --url, but they are neither nodes of a cluster nor sentinels; if they have \
                 sharded sales together, say --independent"
            ))),
        }
    }

    /// Each primary by itself.
    pub(crate) async fn primaries(&self, connector: &Connector) -> Result<Vec<Primary>, Failure> {
        connector.primaries(self.within).await
    }

    /// The same for each of several servers that are independent of each other. A cluster is one, and so are the servers that
    /// sentinels watch, and those that have sales together.
    pub(crate) async fn independent(&self) -> Result<Vec<Independent>, Failure> {
        let (servers, certificates) = self.resolve()?;
        let name = |server: &ConnectionInfo| server.addr().to_string();
        let first = name(&servers[0]);
        let connector = match discovery::mode(&servers, self.within).await? {
            Mode::Cluster | Mode::Sentinel { .. } if self.share_sales => {
                return Err(Failure::Usage(
                    "--independent is for servers that are neither nodes of a cluster nor sentinels"
                        .to_owned(),
                ));
            }
            Mode::Single if self.share_sales => {
                must_differ(servers.iter().map(name))?;
                Connector::independent(servers)?
            }
            Mode::Single => {
                let single = |server| {
                    let name = name(&server);
                    Ok(Independent { name, connector: Connector::single(server)? })
                };
                must_differ(servers.iter().map(name))?;
                return servers.into_iter().map(single).collect();
            }
            Mode::Cluster => Connector::cluster(servers, certificates.as_ref())?,
            Mode::Sentinel { takes_password } => {
                let name = self.primary.clone();
                let sentinels = discovery::Sentinels { servers, takes_password, name };
                Connector::sentinel(sentinels, certificates).await?
            }
        };
        Ok(vec![Independent { name: first, connector }])
    }

    fn resolve(&self) -> Result<(Vec<ConnectionInfo>, Option<Certificates>), Failure> {
        tls::install_provider();
        let certificates =
            tls::read(self.tls_ca.as_deref(), self.tls_cert.as_deref(), self.tls_key.as_deref())?;
        let server = |(number, url): (usize, &str)| {
            // Anything in a URL that cannot be read may be a password.
            let which = if self.urls.len() > 1 { format!(", number {}", number + 1) } else { String::new() };
            let wrong = |error| Failure::Usage(format!("--url{which}: {error}; {URL_FORMS}"));
            let info = url.into_connection_info().map_err(wrong)?;
            tls::with_certificates(info, certificates.as_ref()).map_err(wrong)
        };
        // A variable that is empty is not set.
        let mut urls: Vec<&str> =
            self.urls.iter().map(String::as_str).filter(|url| !url.is_empty()).collect();
        if urls.is_empty() {
            urls.push(DEFAULT_URL);
        }
        let servers = urls.into_iter().enumerate().map(server).collect::<Result<_, _>>()?;
        Ok((servers, certificates))
    }
}

/// A server that is named twice would have two votes for a lock, and two parts of a sale.
fn must_differ(mut servers: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut names = HashSet::new();
    match servers.find(|server| !names.insert(server.clone())) {
        Some(server) => Err(Failure::Usage(format!("--url names {server} twice"))),
        None => Ok(()),
    }
}
