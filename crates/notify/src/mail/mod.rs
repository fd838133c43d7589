//! Mail: letters that any module may put into the outbox, handed to a relay over SMTP.
//!
//! A letter is the body of a delivery to the courier [`COURIER`], sealed as every body is; the delivery's address is in
//! clear, and names what the letter is about, never to whom it goes. A letter that is sent again after a crash has the same
//! `Message-ID`.

mod letter;
mod relay;

pub use letter::Letter;
pub use relay::{Relay, Security};

use std::time::Duration;

use engine::port::{BoxFuture, Courier, Delivered};
use lettre::transport::smtp::Error;
use lettre::{AsyncTransport as _, Message};
use model::{Delivery, DeliveryId};

/// The courier's name in deliveries.
pub const COURIER: &str = "mail";
/// Why a letter waits.
const NO_RELAY: &str = "no relay is configured: give mail.relay";
/// A relay is asked by so many at once.
const AT_ONCE: usize = 2;
/// A letter that the relay does not take now waits no longer than this before the next try.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// And is given up after this: a relay gives up as late.
const LONGEST_WAIT: Duration = Duration::from_hours(5 * 24);

/// Hands letters to a relay; without one they wait.
pub struct Mail {
    relay: Option<Relay>,
}

impl Mail {
    /// By this relay.
    pub fn new(relay: Option<Relay>) -> Self {
        Mail { relay }
    }

    /// Hands a letter to the relay at once, past the outbox. The error says why it does not have it.
    pub(crate) async fn now(&self, letter: &Letter, id: DeliveryId) -> Result<(), String> {
        let relay = self.relay.as_ref().ok_or(NO_RELAY)?;
        let message = letter.message(id, relay.sender())?;
        match relay.transport().send(message).await {
            Ok(_) => Ok(()),
            Err(error) => match told(&error) {
                Delivered::Later(_, why) | Delivered::Never(why) => Err(why),
                Delivered::Done => Ok(()),
            },
        }
    }

    async fn send(&self, delivery: Delivery) -> Delivered {
        let Some(relay) = &self.relay else {
            return Delivered::Later(None, NO_RELAY.to_owned());
        };
        let message =
            Letter::read(&delivery.body).and_then(|letter| letter.message(delivery.id, relay.sender()));
        let message: Message = match message {
            Ok(message) => message,
            // Whoever wrote it has to write another one.
            Err(why) => return Delivered::Never(why),
        };
        match relay.transport().send(message).await {
            Ok(_) => Delivered::Done,
            Err(error) => told(&error),
        }
    }
}

impl Courier for Mail {
    fn is_open(&self) -> bool {
        self.relay.is_some()
    }

    fn lanes(&self) -> usize {
        AT_ONCE
    }

    fn longest_pause(&self) -> Duration {
        LONGEST_PAUSE
    }

    fn longest_wait(&self) -> Duration {
        LONGEST_WAIT
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(self.send(delivery))
    }
}

/// What a relay's refusal means: 5xx is its last word, all else may work later. Its words name no recipient here: they stand
/// where everybody reads who sees deliveries.
fn told(error: &Error) -> Delivered {
    if error.is_permanent() {
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        return Delivered::Never(format!("the relay refuses the letter for good ({code})"));
    }
    let why = match error.status() {
        Some(code) => format!("the relay does not take it now ({code})"),
        None if error.is_tls() => {
            format!("no encrypted connection to the relay comes about: {}", cause(error))
        }
        None if error.is_timeout() => "the relay did not answer in time".to_owned(),
        None => format!("the relay cannot be reached: {}", cause(error)),
    };
    Delivered::Later(None, why)
}

/// The last cause says what happened.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
