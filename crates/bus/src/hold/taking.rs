//! Taking messages and holding them: each is acknowledged by itself, when it need not be held any longer.

use std::convert::Infallible;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions};
use lapin::{Channel, Consumer};
use tokio::sync::watch;

use super::Ended;
use crate::connection::said;
use crate::error::Error;
use crate::session::Session;

/// Messages are held while this lives.
struct Holding<'a>(&'a watch::Sender<bool>);

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl Session {
    /// Takes messages as they come, and acknowledges each once nothing is owed for it any more. Told to stop, it takes no
    /// more, and goes on with those that it holds until the hub has stopped.
    pub(crate) async fn take_and_hold(
        &self,
        channel: &Channel,
        mut consumer: Consumer,
    ) -> Result<Infallible, Error> {
        let lost = |error: lapin::Error| said(&self.shared.settings.address, &error);
        self.shared.holding.send_replace(true);
        let holding = Holding(&self.shared.holding);
        let (mut held, mut takes, mut over) = (FuturesUnordered::new(), true, self.shared.over.subscribe());
        loop {
            let came = tokio::select! {
                biased;
                () = self.stopped.told(), if takes => {
                    takes = false;
                    let tag = consumer.tag();
                    channel.basic_cancel(tag, BasicCancelOptions::default()).await.map_err(lost)?;
                    while let Some(Some(Ok(came))) = consumer.next().now_or_never() {
                        end(channel, Ended::GiveBack(came.delivery_tag)).await.map_err(lost)?;
                    }
                    continue;
                }
                Some(ended) = held.next() => {
                    end(channel, ended).await.map_err(lost)?;
                    continue;
                }
                () = is_so(&mut over) => break,
                came = consumer.next(), if takes => came,
            };
            let batch = self.batch(came, &mut consumer)?;
            // What is not taken in now goes back with the channel.
            held.extend(self.take_in(batch).await.into_iter().flatten().map(|one| self.hold(one)));
        }
        while let Some(Some(ended)) = held.next().now_or_never() {
            end(channel, ended).await.map_err(lost)?;
        }
        channel.close(200, "stopping".into()).await.map_err(lost)?;
        drop(holding);
        std::future::pending().await
    }
}

async fn is_so(told: &mut watch::Receiver<bool>) {
    // Whoever tells lives as long as the source.
    let _ = told.wait_for(|so| *so).await;
}

async fn end(channel: &Channel, ended: Ended) -> lapin::Result<()> {
    match ended {
        Ended::Acknowledge(tag) => channel.basic_ack(tag, BasicAckOptions::default()).await,
        Ended::GiveBack(tag) => {
            let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
            channel.basic_nack(tag, options).await
        }
    }
}
