//! The verbs of the command line, one a file.

pub mod config;
pub mod deprovision;
pub mod export;
pub mod provision;
pub mod serve;
pub mod stress;
pub mod synth;
pub mod verify;

/// Resolves once, at Ctrl-C or SIGTERM.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
