//! Publishes what the outbox hands over.

use std::sync::Arc;

use engine::port::{BoxFuture, Courier, Delivered};
use model::Delivery;

use crate::envelope::Message;
use crate::publisher::{Publisher, Unpublished};
use crate::source::Shared;
use crate::tell::Outgoing;

/// Messages that may wait for their confirmation.
const LANES: usize = 1000;

/// Publishes messages, each with the id of its delivery.
pub(crate) struct Publishes(pub(crate) Arc<Shared>);

impl Courier for Publishes {
    fn is_open(&self) -> bool {
        // What is handed to a broker that reads nothing would only wait there, out of our sight.
        self.0.publisher.borrow().as_ref().is_some_and(|publisher| !publisher.is_blocked())
    }

    /// The broker confirms what it has written to disk, many at once.
    fn lanes(&self) -> usize {
        LANES
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async move {
            let Some(publisher) = self.0.publisher.borrow().clone() else {
                return Delivered::Later(None, "there is no connection to RabbitMQ".to_owned());
            };
            let Outgoing { exchange, mut message } = match serde_json::from_value(delivery.body) {
                Ok(outgoing) => outgoing,
                Err(error) => return Delivered::Never(format!("the message cannot be read back: {error}")),
            };
            message.id.get_or_insert_with(|| delivery.id.0.to_string());
            let mut sent = publisher.publish(&exchange, &message).await;
            if matches!(sent, Err(Unpublished::Broke(_))) {
                self.0.trouble.notify_one();
                sent = self.apart(&exchange, &message).await;
            }
            match sent {
                Ok(()) => Delivered::Done,
                Err(Unpublished::Unknown) if self.is_ours(&exchange) => {
                    self.0.rerouted.notify_one();
                    Delivered::Later(None, format!("exchange {exchange} was deleted, and is made again"))
                }
                Err(Unpublished::Later(why)) => {
                    if !publisher.is_open() {
                        self.0.trouble.notify_one();
                    }
                    Delivered::Later(None, why)
                }
                Err(failed) => Delivered::Never(never(&failed, &exchange, &message.routing_key)),
            }
        })
    }
}

impl Publishes {
    fn is_ours(&self, exchange: &str) -> bool {
        let settings = &self.0.settings;
        exchange == settings.event_exchange || exchange == settings.log_exchange
    }

    /// On a connection of its own, one after the other, so that the one that is to blame takes no others with it.
    async fn apart(&self, exchange: &str, message: &Message) -> Result<(), Unpublished> {
        let _one = self.0.apart.lock().await;
        let publisher = Publisher::open(&self.0.settings, "tries apart").await;
        let publisher = publisher.map_err(|error| Unpublished::Later(error.to_string()))?;
        let sent = publisher.publish(exchange, message).await;
        publisher.close().await;
        match sent {
            Err(Unpublished::Broke(why)) => Err(Unpublished::Refused(why)),
            other => other,
        }
    }
}

/// Why a message will never leave.
pub(crate) fn never(failed: &Unpublished, exchange: &str, key: &str) -> String {
    match failed {
        Unpublished::Unknown => format!(
            "there is no exchange {exchange}: whoever asked for {key} listens nowhere; it is never made for them"
        ),
        Unpublished::TooLong => "the names of exchange or routing key are longer than 255 bytes".to_owned(),
        Unpublished::Unroutable => {
            format!("no queue is bound to exchange {exchange} under {key}: nobody gets it")
        }
        Unpublished::Refused(why) | Unpublished::Broke(why) | Unpublished::Later(why) => {
            format!("RabbitMQ will not take it: {why}")
        }
    }
}
