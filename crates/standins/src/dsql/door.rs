//! The way in: TLS, the server name, the token.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use pgwire::api::{ClientInfo as _, DefaultClient, PgWireConnectionState};
use pgwire::error::PgWireError;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::response::ErrorResponse;
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, PasswordMessageFamily, SecretKey,
    Startup,
};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use pgwire::tokio::server::PgWireMessageServerCodec;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::codec::Framed;

use super::Shared;
use super::complaint::{Complaint, fatal};
use super::token::{self, Expected};
use super::{dialect, upstream};

/// A client's connection as a stream of messages.
pub(super) type Socket = Framed<TlsStream<TcpStream>, PgWireMessageServerCodec<()>>;

/// What a client that skips the request for TLS must name in the handshake.
pub(super) const ALPN: &[u8] = b"postgresql";
/// How long a client may take from its first byte to its token.
pub(super) const STARTUP_WITHIN: Duration = Duration::from_mins(1);
const CANCEL_REQUEST: u32 = 80_877_102;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const TLS_HANDSHAKE: u8 = 0x16;
/// How the names of extensions to the protocol begin.
const EXTENSION: &str = "_pq_.";
const USER: &str = "admin";
const DATABASE: &str = "postgres";

/// A client that has shown a good token.
pub(super) struct Admitted {
    pub(super) socket: Socket,
    /// The parameters it wants set, all of which may be.
    pub(super) parameters: BTreeMap<String, String>,
}

/// Lets a client in, or tells it why not. `None` is one that has been turned away.
pub(super) async fn admit(mut client: TcpStream, shared: &Shared) -> Result<Option<Admitted>, Complaint> {
    client.set_nodelay(true)?;
    let Some(direct) = asks_for_tls(&mut client, shared).await? else { return Ok(None) };
    let tls = TlsAcceptor::from(Arc::clone(&shared.tls)).accept(client).await?;
    let (tcp, handshake) = tls.get_ref();
    let address = tcp.peer_addr()?;
    let named = handshake.server_name().map(str::to_owned);
    if direct && handshake.alpn_protocol() != Some(ALPN) {
        return Ok(None);
    }
    let mut socket = Framed::new(tls, PgWireMessageServerCodec::new(DefaultClient::new(address, true)));
    match startup(&mut socket, named.as_deref(), shared).await {
        Ok(Some(parameters)) => Ok(Some(Admitted { socket, parameters })),
        Ok(None) => {
            let _ = socket.close().await;
            Ok(None)
        }
        Err(complaint) => {
            farewell(&mut socket, complaint).await;
            Ok(None)
        }
    }
}

/// Sends the last message of a connection, if there is anything to say.
pub(super) async fn farewell(socket: &mut Socket, complaint: Complaint) {
    if let Some(response) = complaint.response() {
        let _ = socket.send(PgWireBackendMessage::ErrorResponse(response)).await;
        let _ = socket.close().await;
    }
}

/// Completes the start of a connection with what PostgreSQL reported of itself.
pub(super) async fn welcome(
    socket: &mut Socket,
    parameters: Vec<ParameterStatus>,
    key: BackendKeyData,
) -> Result<(), Complaint> {
    feed(socket, PgWireBackendMessage::Authentication(Authentication::Ok)).await?;
    for mut status in parameters {
        // The name behind the endpoint is nobody's business.
        if status.name == "session_authorization" {
            USER.clone_into(&mut status.value);
        }
        feed(socket, PgWireBackendMessage::ParameterStatus(status)).await?;
    }
    feed(socket, PgWireBackendMessage::BackendKeyData(key)).await?;
    socket.set_state(PgWireConnectionState::ReadyForQuery);
    Ok(())
}

/// Puts a message into the buffer that the next flush sends.
pub(super) async fn feed(socket: &mut Socket, message: PgWireBackendMessage) -> Result<(), Complaint> {
    Ok(socket.feed(message).await?)
}

/// Reads up to the handshake: whether it comes without having been asked for. `None` is a client turned away.
async fn asks_for_tls(client: &mut TcpStream, shared: &Shared) -> Result<Option<bool>, Complaint> {
    loop {
        let mut first = [0];
        if client.peek(&mut first).await? == 1 && first[0] == TLS_HANDSHAKE {
            return Ok(Some(true));
        }
        let length = client.read_u32().await?;
        match (length, client.read_u32().await?) {
            (8, SSL_REQUEST) => {
                client.write_all(b"S").await?;
                return Ok(Some(false));
            }
            (8, GSS_REQUEST) => client.write_all(b"N").await?,
            (16, CANCEL_REQUEST) => {
                let request = CancelRequest::new(client.read_i32().await?, SecretKey::I32(client.read_i32().await?));
                upstream::cancel(&shared.upstream, &request).await?;
                return Ok(None);
            }
            _ => {
                let complaint = fatal("28000", "unable to accept connection, TLS is required");
                if let Some(response) = complaint.response() {
                    client.write_all(&plain(&response)).await?;
                    client.shutdown().await?;
                }
                return Ok(None);
            }
        }
    }
}

/// An error response for a client that does not speak TLS.
fn plain(response: &ErrorResponse) -> Vec<u8> {
    use pgwire::messages::Message as _;
    let mut bytes = bytes::BytesMut::new();
    let _ = response.encode(&mut bytes);
    bytes.to_vec()
}

/// `None` is a client that only came to cancel a statement.
async fn startup(
    socket: &mut Socket,
    named: Option<&str>,
    shared: &Shared,
) -> Result<Option<BTreeMap<String, String>>, Complaint> {
    socket.set_state(PgWireConnectionState::AwaitingStartup);
    let startup = match next(socket).await?.ok_or(Complaint::Gone)? {
        PgWireFrontendMessage::Startup(startup) => startup,
        PgWireFrontendMessage::CancelRequest(request) => {
            upstream::cancel(&shared.upstream, &request).await?;
            return Ok(None);
        }
        _ => return Err(Complaint::Gone),
    };
    if named != Some(&shared.host) {
        tracing::info!(host = shared.host, named, "a client did not name this endpoint in its TLS handshake");
        return Err(fatal("28000", "unable to accept connection, the server name (SNI) is not that of this endpoint"));
    }
    let parameter = |name: &str| startup.parameters.get(name).map(String::as_str);
    let parameters = settable(&startup.parameters)?;
    if !shared.connects.take() {
        return Err(fatal("53400", "unable to accept connection, rate exceeded"));
    }
    negotiate(socket, &startup).await?;
    socket.set_state(PgWireConnectionState::AuthenticationInProgress);
    feed(socket, PgWireBackendMessage::Authentication(Authentication::CleartextPassword)).await?;
    socket.flush().await?;
    let PgWireFrontendMessage::PasswordMessageFamily(password) = next(socket).await?.ok_or(Complaint::Gone)? else {
        return Err(Complaint::Gone);
    };
    let token = token_of(password)?;
    let expected = Expected {
        host: &shared.host,
        region: shared.region,
        access_key: &shared.options.access_key,
        secret_key: &shared.options.secret_key,
    };
    let user = parameter("user").unwrap_or_default();
    let checked = if user == USER {
        token::verify(&token, &expected, OffsetDateTime::now_utc())
    } else {
        Err("the user is not admin")
    };
    if let Err(failed) = checked {
        tracing::info!(host = shared.host, user, failed, "a client was denied access");
        return Err(fatal("28000", "unable to accept connection, access denied"));
    }
    if parameter("database").unwrap_or(user) != DATABASE {
        return Err(fatal("3D000", "unable to accept connection, the only database is \"postgres\""));
    }
    Ok(Some(parameters))
}

/// The parameters of a start that are to be set; one that must not be is refused.
fn settable(given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Complaint> {
    let mut settable = BTreeMap::new();
    for (name, value) in given {
        match name.to_lowercase().as_str() {
            "user" | "database" => {}
            "options" if value.trim().is_empty() => {}
            "client_encoding" if dialect::is_utf8(value) => {}
            extension if extension.starts_with(EXTENSION) => {}
            known if dialect::is_settable(known) => {
                settable.insert(name.clone(), value.clone());
            }
            _ => {
                let what = format!("setting configuration parameter \"{name}\" not supported");
                return Err(fatal("0A000", what));
            }
        }
    }
    Ok(settable)
}

/// Tells a client that speaks a later version of the protocol which one is spoken here.
async fn negotiate(socket: &mut Socket, startup: &Startup) -> Result<(), Complaint> {
    let extensions: Vec<String> =
        startup.parameters.keys().filter(|name| name.starts_with(EXTENSION)).cloned().collect();
    if startup.protocol_number_minor > 0 || !extensions.is_empty() {
        let negotiate = NegotiateProtocolVersion::new(Startup::PROTOCOL_VERSION_3_0, extensions);
        feed(socket, PgWireBackendMessage::NegotiateProtocolVersion(negotiate)).await?;
    }
    Ok(())
}

fn token_of(password: PasswordMessageFamily) -> Result<String, Complaint> {
    match password.into_password() {
        Ok(password) => Ok(password.password),
        Err(_) => Err(fatal("08P01", "the password message is malformed")),
    }
}

/// The next message, `None` at the end; what is no message of the protocol ends the connection.
pub(super) async fn next(socket: &mut Socket) -> Result<Option<PgWireFrontendMessage>, Complaint> {
    match socket.next().await {
        None => Ok(None),
        Some(Ok(message)) => Ok(Some(message)),
        Some(Err(PgWireError::IoError(_))) => Err(Complaint::Gone),
        Some(Err(error)) => Err(fatal("08P01", error.to_string())),
    }
}
