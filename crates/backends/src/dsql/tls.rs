//! Encryption: full verification of the chain and of the host's name, whoever signed it.

use onsale::BoxedError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whose signature under a server's certificate is believed.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The public certificate authorities that browsers believe (Mozilla's list).
    #[default]
    Public,
    /// Only those in this PEM text.
    Pem(String),
}

impl Roots {
    /// Whether they can be used.
    ///
    /// # Errors
    /// If the PEM text holds no certificate.
    pub fn check(&self) -> Result<(), BoxedError> {
        connector(self).map(drop)
    }
}

/// Encrypts connections as their connect string asks; never without verification.
///
/// # Errors
/// If the PEM text holds no certificate.
pub(super) fn connector(roots: &Roots) -> Result<MakeRustlsConnect, BoxedError> {
    let mut believed = RootCertStore::empty();
    match roots {
        Roots::Public => believed.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::Pem(text) => {
            for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
                believed.add(certificate?)?;
            }
            if believed.is_empty() {
                return Err("the root certificates hold no certificate in PEM form".into());
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(believed)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
