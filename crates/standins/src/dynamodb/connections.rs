//! The connections of one replica, which can be cut as an outage cuts them: without an answer.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::When;

/// Who may pass.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: watch::Sender<State>,
    cut: Mutex<Option<(&'static str, When, u64)>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    down: bool,
    closed: bool,
    /// Raised to cut every connection there is.
    cuts: u64,
}

impl Gate {
    pub(super) fn set_down(&self, down: bool) {
        self.state.send_modify(|state| {
            state.down = down;
            state.cuts += u64::from(down);
        });
    }

    /// For good.
    pub(super) fn close(&self) {
        self.state.send_modify(|state| {
            state.closed = true;
            state.cuts += 1;
        });
    }

    pub(super) async fn closed(&self) {
        let _ = self.state.subscribe().wait_for(|state| state.closed).await;
    }

    pub(super) fn cut_at(&self, operation: &'static str, when: When, times: u64) {
        let cut = (times > 0).then_some((operation, when, times));
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = cut;
    }

    /// Whether the connection that asks for this operation is to be cut.
    pub(super) fn strike(&self, operation: &str) -> Option<When> {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, when, times) = cut.as_mut().filter(|(named, ..)| *named == operation)?;
        let when = *when;
        *times -= 1;
        if *times == 0 {
            *cut = None;
        }
        Some(when)
    }
}

/// The way a request reaches the connection it came by.
#[derive(Debug, Clone)]
pub(super) struct Connection(Arc<AtomicBool>);

impl Connection {
    /// The connection breaks instead of carrying an answer.
    pub(super) fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Guarded>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Guarded>) -> Self {
        stream.io().mark.clone()
    }
}

/// A port on 127.0.0.1 whose connections pass the gate.
pub(super) struct Guarded {
    listener: TcpListener,
    gate: Arc<Gate>,
}

impl Guarded {
    pub(super) async fn bind(gate: Arc<Gate>) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, gate })
    }
}

impl Listener for Guarded {
    type Io = Severable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Severable, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let mut gate = self.gate.state.subscribe();
            let State { down, cuts, .. } = *gate.borrow_and_update();
            if down || stream.set_nodelay(true).is_err() {
                continue;
            }
            let cut = Box::pin(async move {
                let _ = gate.wait_for(|state| state.cuts != cuts).await;
            });
            return (Severable { stream, cut, mark: Connection(Arc::default()) }, address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that breaks when the gate closes or a request has marked it.
pub(super) struct Severable {
    stream: TcpStream,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    mark: Connection,
}

impl Severable {
    fn intact(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.mark.0.load(Ordering::Acquire) && self.cut.as_mut().poll(context).is_ready() {
            // Marked, so that the future is not polled after its end.
            self.mark.cut();
        }
        if self.mark.0.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Severable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.intact(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.intact(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.intact(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
