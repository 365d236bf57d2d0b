//! The way in: TLS, the server name, the token.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use standins::Authority;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::support::{
    SECRET_KEY, client_config, connect, number, options, stage, stage_with, token, token_by, told, trusting,
    trusting_config,
};

#[tokio::test]
async fn a_signed_token_opens_the_endpoint_it_was_signed_for() {
    let stage = stage().await;
    for client in stage.two().await {
        assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
    }
    let [east, west] = &stage.endpoints;
    assert!(east.host().ends_with(".dsql.us-east-1.localhost"), "{}", east.host());
    let hour = Duration::from_hours(1);
    let now = SystemTime::now();
    let refused = [
        ("no token", "password".to_owned()),
        ("another secret", token_by(east.host(), east.region(), "other", now).await),
        ("expired", token_by(east.host(), east.region(), SECRET_KEY, now - hour).await),
        ("not valid yet", token_by(east.host(), east.region(), SECRET_KEY, now + hour).await),
        ("another host", token(west.host(), east.region()).await),
        ("another region", token(east.host(), west.region()).await),
        ("changed", token(east.host(), east.region()).await.replace("Expires=900", "Expires=901")),
    ];
    for (why, password) in refused {
        let error = connect(&stage.config(0, &password), stage.tls()).await.expect_err(why);
        let (code, message) = told(&error);
        assert_eq!((code.as_str(), message.contains("access denied")), ("28000", true), "{why}: {message}");
    }
}

#[tokio::test]
async fn other_users_databases_and_options_are_refused() {
    type Change = fn(&mut Config) -> &mut Config;
    let stage = stage().await;
    let good = token(stage.endpoints[0].host(), "us-east-1").await;
    let table: [(Change, &str); 3] = [
        (|config| config.user("worldseat"), "28000"),
        (|config| config.dbname("worldseat"), "3D000"),
        (|config| config.options("-c search_path=mine"), "0A000"),
    ];
    for (change, expect) in table {
        let mut config = stage.config(0, &good);
        change(&mut config);
        let error = connect(&config, stage.tls()).await.expect_err(expect);
        assert_eq!(told(&error).0, expect);
    }
}

#[tokio::test]
async fn without_tls_nobody_comes_in() {
    let stage = stage().await;
    let mut config = stage.config(0, "password");
    config.ssl_mode(SslMode::Disable);
    let error = config.connect(NoTls).await.map(drop).expect_err("it came in");
    let (code, message) = told(&error);
    assert_eq!((code.as_str(), message.contains("TLS is required")), ("28000", true), "{message}");
}

#[tokio::test]
async fn tls_without_asking_first_is_understood() {
    let stage = stage().await;
    let mut config = stage.config(0, &token(stage.endpoints[0].host(), "us-east-1").await);
    config.ssl_negotiation(SslNegotiation::Direct);
    // Such a client has to name the protocol.
    let mut tls = trusting_config(&stage.authority);
    assert!(connect(&config, MakeRustlsConnect::new(tls.clone())).await.is_err());
    tls.alpn_protocols = vec![b"postgresql".to_vec()];
    let client = connect(&config, MakeRustlsConnect::new(tls)).await.unwrap();
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn chain_and_host_name_can_be_verified() {
    let stage = stage().await;
    let password = token(stage.endpoints[0].host(), "us-east-1").await;
    // Signed by somebody else.
    let other = trusting(&Authority::new().unwrap());
    assert!(connect(&stage.config(0, &password), other).await.expect_err("it was trusted").code().is_none());
    // Shown for another name.
    let mut config = Config::new();
    config.host(stage.endpoints[1].host()).hostaddr(stage.endpoints[0].addr().ip());
    config.port(stage.endpoints[0].addr().port()).user("admin").dbname("postgres").password(&password);
    config.ssl_mode(SslMode::Require);
    assert!(connect(&config, stage.tls()).await.expect_err("it was trusted").code().is_none());
    // Whoever does not verify is turned away all the same: the name in the handshake is another endpoint's.
    let error = connect(&config, careless()).await.expect_err("it came in");
    let (code, message) = told(&error);
    assert_eq!((code.as_str(), message.contains("SNI")), ("28000", true), "{message}");
    connect(&stage.config(0, &password), careless()).await.unwrap();
}

#[tokio::test]
async fn connections_come_no_faster_than_they_may() {
    let mut slow = options();
    (slow.connects_per_second, slow.connects_burst) = (0, 2);
    let stage = stage_with(slow).await;
    let _two = [stage.client(0).await, stage.client(0).await];
    assert_eq!(told(&stage.try_client(0).await.expect_err("a third")).0, "53400");
    stage.client(1).await;
}

/// A client that believes everything.
fn careless() -> MakeRustlsConnect {
    MakeRustlsConnect::new(
        client_config().dangerous().with_custom_certificate_verifier(Arc::new(Careless)).with_no_client_auth(),
    )
}

#[derive(Debug)]
struct Careless;

impl ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
