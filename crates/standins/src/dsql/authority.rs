//! The certificates: one authority per stand-in, so that a client can verify the chain and the host name in full.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;

/// The certificate authority of the endpoints of one stand-in. It lives in memory only, so nothing it signs outlives it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    root_pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes a new key and a root certificate for it.
    ///
    /// # Errors
    /// [`Error::Certificate`] if no key could be made.
    pub fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "WorldSeat stand-in, not AWS");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let root_pem = issuer.pem();
        Ok(Self { issuer, root_pem })
    }

    /// The root certificate, the only one that clients of these endpoints need to trust.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// What an endpoint named `host` shows in the handshake.
    pub(super) fn server(&self, host: &str) -> Result<Arc<ServerConfig>, Error> {
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        // What a client that begins with TLS at once, without asking first, has to name.
        config.alpn_protocols = vec![super::door::ALPN.to_vec()];
        Ok(Arc::new(config))
    }
}
