//! How a client reaches its server, or its servers.

#[cfg(feature = "cluster")]
mod cluster;
mod connector;
mod independent;
#[cfg(feature = "connection-manager")]
mod managed;
#[cfg(feature = "cluster")]
mod replicas;
#[cfg(feature = "sentinel")]
mod sentinel;

#[cfg(feature = "cluster")]
pub use cluster::Cluster;
pub(crate) use connector::{ANSWER_WITHIN, CONNECT_WITHIN, ask};
pub use connector::{Connect, Node};
pub use independent::{Independent, IndependentConnection};
#[cfg(feature = "connection-manager")]
pub use managed::Managed;
#[cfg(feature = "cluster")]
pub use replicas::{ClusterReplicas, ReplicaConnection};
#[cfg(feature = "sentinel")]
pub use sentinel::Sentinel;
