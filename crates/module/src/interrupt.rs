//! Ctrl-C, for commands that say what was done before they end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// From now on Ctrl-C does not end the process by itself.
#[derive(Debug)]
pub struct Interrupts(Signal);

impl Interrupts {
    /// Listens to it.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::interrupt()).map(Interrupts)
    }

    /// Resolves at the next Ctrl-C.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // No more can come.
            std::future::pending::<()>().await;
        }
    }
}
