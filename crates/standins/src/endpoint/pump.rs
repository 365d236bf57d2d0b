//! Forwarding in one direction: at once without a latency, through a delay line with one.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};

use super::{Shared, When};

/// One message of the protocol fits with room to spare, and so do the answers to our short statements.
const PIECE_BYTES: usize = 8 * 1024;
/// How much may be under way in one direction before the sender has to wait, as a socket's buffer would have it.
const UNDER_WAY_BYTES: usize = 1024 * 1024;

/// Forwards what a client sends, until it ends or is to be cut.
pub(super) async fn requests(
    mut from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    shared: &Shared,
    doomed: &AtomicBool,
) -> io::Result<()> {
    let mut line = DelayLine::new(to);
    let mut piece = vec![0; PIECE_BYTES];
    let mut tail = Vec::new();
    loop {
        let length = line.read_meanwhile(&mut from, &mut piece).await?;
        let piece = &piece[..length];
        if length == 0 {
            return line.drain().await;
        }
        match shared.faults.strike(&mut tail, piece) {
            None => {}
            Some(When::BeforeForward) => return Ok(()),
            Some(When::AfterForward) => {
                line.send(piece, shared).await?;
                return line.drain().await;
            }
            Some(When::AfterAnswer) => doomed.store(true, Ordering::Relaxed),
        }
        line.send(piece, shared).await?;
    }
}

/// Forwards what the server answers, until it ends or its answer is to be thrown away.
pub(super) async fn answers(
    mut from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    shared: &Shared,
    doomed: &AtomicBool,
) -> io::Result<()> {
    let mut line = DelayLine::new(to);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = line.read_meanwhile(&mut from, &mut piece).await?;
        if length == 0 {
            return line.drain().await;
        }
        if doomed.load(Ordering::Relaxed) {
            return Ok(());
        }
        line.send(&piece[..length], shared).await?;
    }
}

/// Pieces under way, each with the time it is due. A piece waits beside the others, not after them, so a latency
/// delays a stream without slowing it down, and none overtakes another.
struct DelayLine<W> {
    to: W,
    under_way: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
}

impl<W: AsyncWrite + Unpin> DelayLine<W> {
    fn new(to: W) -> Self {
        Self { to, under_way: VecDeque::new(), bytes: 0 }
    }

    /// Sends a piece now, or as soon as it is due.
    async fn send(&mut self, piece: &[u8], shared: &Shared) -> io::Result<()> {
        let latency_us = shared.latency_us.load(Ordering::Relaxed);
        if latency_us == 0 && self.under_way.is_empty() {
            return self.to.write_all(piece).await;
        }
        let due = Instant::now() + Duration::from_micros(latency_us);
        // A latency just lowered must not let this piece overtake.
        let due = self.under_way.back().map_or(due, |(last, _)| due.max(*last));
        self.bytes += piece.len();
        self.under_way.push_back((due, piece.to_vec()));
        Ok(())
    }

    /// Reads the next piece, delivering what falls due meanwhile.
    async fn read_meanwhile(&mut self, from: &mut (impl AsyncRead + Unpin), piece: &mut [u8]) -> io::Result<usize> {
        while let Some(&(due, _)) = self.under_way.front() {
            tokio::select! {
                biased;
                () = sleep_until(due) => self.deliver().await?,
                length = from.read(piece), if self.bytes < UNDER_WAY_BYTES => return length,
            }
        }
        from.read(piece).await
    }

    /// Delivers everything still under way, each piece when it is due.
    async fn drain(&mut self) -> io::Result<()> {
        while let Some(&(due, _)) = self.under_way.front() {
            sleep_until(due).await;
            self.deliver().await?;
        }
        self.to.flush().await
    }

    async fn deliver(&mut self) -> io::Result<()> {
        let Some((_, piece)) = self.under_way.pop_front() else { return Ok(()) };
        self.bytes -= piece.len();
        self.to.write_all(&piece).await
    }
}
