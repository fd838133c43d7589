//! Publishes what the outbox hands over.

use std::sync::Arc;

use engine::port::{BoxFuture, Courier, Delivered};
use model::Delivery;

use crate::connection::Unpublished;
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
            message.id = Some(delivery.id.0.to_string());
            match publisher.publish(&exchange, &message).await {
                Ok(()) => Delivered::Done,
                Err(Unpublished::Unknown) if self.is_ours(&exchange) => {
                    self.0.trouble.notify_one();
                    Delivered::Later(None, format!("exchange {exchange} was deleted, and is made again"))
                }
                Err(Unpublished::Unknown) => Delivered::Never(format!(
                    "there is no exchange {exchange}: whoever asked for {} listens nowhere; it is never made for them",
                    message.routing_key
                )),
                Err(Unpublished::TooLong) => Delivered::Never(
                    "the names of exchange or routing key are longer than 255 bytes".to_owned(),
                ),
                Err(Unpublished::Later(why)) => {
                    if !publisher.is_open() {
                        self.0.trouble.notify_one();
                    }
                    Delivered::Later(None, why)
                }
            }
        })
    }
}

impl Publishes {
    fn is_ours(&self, exchange: &str) -> bool {
        let settings = &self.0.settings;
        exchange == settings.event_exchange || exchange == settings.log_exchange
    }
}
