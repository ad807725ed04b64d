//! Certificates for TLS, made by an authority of the test.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority, and the certificates that it signed, as PEM files.
pub(super) struct Authority {
    home: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        // A certificate with the name of its issuer counts as signed by itself.
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        fs::write(home.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { home, issuer: Issuer::new(params, key) }
    }

    /// Signs a certificate for the address of the servers: its file, and that of its key.
    pub(super) fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (self.home.path().join(name), self.home.path().join(format!("{name}.key")));
        fs::write(&files.0, certificate.pem()).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    /// The file of its own certificate.
    pub(super) fn file(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }
}
