//! What `doctor` says of a bus.

use module::Finding;

use crate::{Error, Examined, Settings, examine_with_rights};

/// Looks at the broker of one.
pub(super) async fn broker(settings: &Settings) -> Finding {
    const NAME: &str = "bus";
    let place =
        format!("source {}: queue {} on RabbitMQ at {}", settings.name, settings.queue(), settings.address);
    match examine_with_rights(settings).await {
        Ok((_, Some(lacking))) => Finding::error(
            NAME,
            format!("{place}: the user {}", lacking.rights.join("; ")),
            format!("grant what is needed with {}", lacking.remedy),
        ),
        Ok((Examined { waiting: None, .. }, None)) => {
            Finding::ok(NAME, format!("{place}, made when the hub first starts"))
        }
        Ok((Examined { waiting: Some(waiting), consumers }, None)) => {
            Finding::ok(NAME, format!("{place}, {waiting} waiting, {consumers} taking them"))
        }
        Err(error) => {
            let remedy = match &error {
                Error::Unreached { remedy, .. } => remedy,
                _ => "look at RabbitMQ and its log",
            };
            Finding::error(NAME, format!("source {}: {error}", settings.name), remedy)
        }
    }
}
