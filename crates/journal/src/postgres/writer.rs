//! The writer: one task that holds the pen. It takes all that is queued, writes it in one commit, tells the observer,
//! answers the callers, and repeats.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::pen::{self, Pen};
use super::queue::{Message, Op, Queued};
use super::session::Session;
use super::tx::{Numbers, Tx};
use crate::api::Observer;
use crate::error::Error;
use crate::health::Health;
use crate::lock::Lock;

/// What the writer owns.
pub(super) struct Writer {
    pub(super) session: Arc<Session>,
    pub(super) pen: Pen,
    pub(super) numbers: Numbers,
    pub(super) life: i64,
    pub(super) observer: Observer,
    pub(super) receiver: UnboundedReceiver<Message>,
    pub(super) health: Arc<Health>,
    /// Held until the last write is done.
    pub(super) _lock: Lock,
}

impl Writer {
    /// Works until the journal is closed.
    pub(super) async fn run(mut self) {
        while let Some(message) = self.receiver.recv().await {
            match message {
                Message::Write(queued) => self.write(queued).await,
                Message::Close => break,
            }
        }
        let over = "UPDATE pen SET over = true WHERE node = $1 AND epoch = $2";
        if let Err(error) = self.session.execute(over, &[&self.pen.node, &self.pen.epoch]).await {
            tracing::debug!(%error, "the end of this life is not written: the next one finds out");
        }
    }

    async fn write(&mut self, queued: Queued) {
        let Op::Alone(mut alone) = queued.op;
        let mut tx = Tx::new(Arc::clone(&self.session), self.numbers, self.life);
        let outcome = async {
            tx.client().batch_execute("BEGIN").await?;
            let Pen { node, epoch, batch } = self.pen;
            if tx.execute(pen::STEP, &[&node, &epoch, &batch]).await? == 0 {
                return Err(Error::Unwritable("another hub has taken the journal over".to_owned()));
            }
            alone.run(&mut tx).await?;
            tx.finish().await?;
            tx.client().batch_execute("COMMIT").await?;
            Ok(())
        }
        .await;
        match &outcome {
            Ok(()) => {
                self.pen.batch += 1;
                self.numbers = tx.numbers;
                self.health.written();
                (self.observer)(tx.committed);
            }
            Err(_) => {
                let _ = self.session.client().batch_execute("ROLLBACK").await;
            }
        }
        alone.answer(outcome);
    }
}
