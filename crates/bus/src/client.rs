//! The buses as commands reach them: over the API.

use api::Client;
use api::Error;

use crate::api::{Move, MovedLetter};

/// Sends a dead letter back to the bus.
pub async fn move_letter(client: &Client, asked: &Move) -> Result<MovedLetter, Error> {
    client.post_json("/api/v1/bus/move", asked).await
}
