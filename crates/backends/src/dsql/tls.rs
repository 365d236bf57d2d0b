//! Encryption: full verification of the chain and of the host's name, whoever signed it.

use onsale::{BoxedError, text};
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
    /// The certificate authorities of a PEM file.
    ///
    /// # Errors
    /// If the file holds no certificate in PEM form: says what it holds instead, and how to convert it.
    pub fn of_file(file: &[u8]) -> Result<Self, BoxedError> {
        if let Some(other) = binary_form(file) {
            return Err(other.into());
        }
        let text = text::decode(file)?;
        let label = text.split("-----BEGIN ").nth(1).and_then(|rest| rest.split("-----").next()).unwrap_or_default();
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(match label {
                "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
                    format!("a {label} of OpenSSL; convert it: openssl x509 -in FILE -out FILE.pem").into()
                }
                "PKCS7" | "CMS" => PKCS7_PEM.into(),
                "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                    "a certificate request; give the certificate of the authority that signs it".into()
                }
                key if key.ends_with("KEY") => format!("{key}; {GIVE_CERTIFICATE}").into(),
                "" => "no certificate in PEM form: none begins with -----BEGIN CERTIFICATE-----".into(),
                other => format!("a PEM file of another kind ({other}); {GIVE_CERTIFICATE}").into(),
            });
        }
        let roots = Self::Pem(text.into_owned());
        connector(&roots)?;
        Ok(roots)
    }
}

const GIVE_CERTIFICATE: &str = "give the certificate of the authority that signed the server's";
const PKCS7_PEM: &str = "a PKCS#7 bundle; convert it: openssl pkcs7 -print_certs -in FILE -out FILE.pem";

/// What a binary file of certificates or keys is, told by the first values of its DER form, and how to convert it.
fn binary_form(file: &[u8]) -> Option<String> {
    if file.starts_with(b"\xfe\xed\xfe\xed") {
        return Some(format!("a Java key store; {GIVE_CERTIFICATE} in PEM form: keytool -exportcert -rfc"));
    }
    // A sequence, its length in one to five bytes, and what it begins with.
    let content = match file {
        [0x30, length @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(length - 0x80)..)?,
        [0x30, 1..=0x80, rest @ ..] if !file.is_ascii() || file.contains(&0) => rest,
        _ => return None,
    };
    Some(match content {
        [0x02, 0x01, 0x03, ..] => {
            "a PKCS#12 (PFX) bundle; convert it: openssl pkcs12 -in FILE -cacerts -nokeys -out FILE.pem".to_owned()
        }
        [0x02, 0x01, ..] => format!("a private key in DER form; {GIVE_CERTIFICATE} in PEM form"),
        [0x06, ..] => {
            "a PKCS#7 bundle in DER form; convert it: openssl pkcs7 -inform DER -print_certs -in FILE -out FILE.pem"
                .to_owned()
        }
        _ => "a certificate in DER form; convert it: openssl x509 -inform DER -in FILE -out FILE.pem".to_owned(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_in_pem_form_is_named() {
        let pem =
            |label: &str| format!("\u{feff}-----BEGIN {label}-----\r\nAAAA\r\n-----END {label}-----\r\n").into_bytes();
        for (file, named) in [
            (b"0\x82\x03\x0b0\x82\x01\xf3\xa0".to_vec(), "a certificate in DER form; convert it: openssl x509"),
            (b"0\x82\x04\xbd\x02\x01\x00".to_vec(), "a private key in DER form"),
            (b"0\x77\x02\x01\x01\x04\x20\xff".to_vec(), "a private key in DER form"),
            (b"0\x82\x09\x01\x02\x01\x03".to_vec(), "PKCS#12 (PFX)"),
            (b"0\x82\x09\x01\x06\x09*".to_vec(), "a PKCS#7 bundle in DER form"),
            (b"0\x80\x06\x09*\x86".to_vec(), "a PKCS#7 bundle in DER form"),
            (b"\xfe\xed\xfe\xed\0\0".to_vec(), "Java key store"),
            (pem("PRIVATE KEY"), "PRIVATE KEY; give the certificate"),
            (pem("EC PRIVATE KEY"), "EC PRIVATE KEY; give the certificate"),
            (pem("PUBLIC KEY"), "PUBLIC KEY; give the certificate"),
            (pem("PKCS7"), "a PKCS#7 bundle; convert it"),
            (pem("TRUSTED CERTIFICATE"), "openssl x509 -in"),
            (pem("CERTIFICATE REQUEST"), "a certificate request"),
            (pem("X509 CRL"), "another kind (X509 CRL)"),
            (b"".to_vec(), "no certificate in PEM form"),
            (b"0 is no certificate".to_vec(), "no certificate in PEM form"),
            (b"0".to_vec(), "no certificate in PEM form"),
            (b"0\x84".to_vec(), "not valid UTF-8"),
            (b"Zo\xeb".to_vec(), "byte 2 (0xeb)"),
        ] {
            let refusal = Roots::of_file(&file).unwrap_err().to_string();
            assert!(refusal.contains(named), "{file:?}: {refusal}");
        }
    }
}
