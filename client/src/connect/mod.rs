//! How a client reaches its server, or its servers.

#[cfg(feature = "cluster")]
mod cluster;
mod connector;
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
#[cfg(feature = "connection-manager")]
pub use managed::Managed;
#[cfg(feature = "cluster")]
pub use replicas::{ClusterReplicas, ReplicaConnection};
#[cfg(feature = "sentinel")]
pub use sentinel::Sentinel;
