//! The certificates of TLS connections.

use std::fs;
use std::path::Path;

use redis::{Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, RedisResult, TlsCertificates};

use crate::exit::Failure;

pub(crate) type Certificates = TlsCertificates;

/// Chooses who does the cryptography of rustls, for this process.
pub(super) fn install_provider() {
    // An error says that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The certificates in these files, where any is named.
pub(super) fn read(
    authority: Option<&Path>,
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<Option<Certificates>, Failure> {
    if authority.is_none() && certificate.is_none() {
        return Ok(None);
    }
    let client_tls = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Some(ClientTlsConfig { client_cert: file(certificate)?, client_key: file(key)? })
        }
        _ => None,
    };
    Ok(Some(TlsCertificates { client_tls, root_cert: authority.map(file).transpose()? }))
}

/// A server with these certificates, if it is reached by TLS.
pub(super) fn with_certificates(
    server: ConnectionInfo,
    certificates: Option<&Certificates>,
) -> RedisResult<ConnectionInfo> {
    match (certificates, server.addr()) {
        (Some(certificates), ConnectionAddr::TcpTls { .. }) => {
            let client = Client::build_with_tls(server, certificates.clone())?;
            Ok(client.get_connection_info().clone())
        }
        _ => Ok(server),
    }
}

fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))
}
