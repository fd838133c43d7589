//! Messages of the bus.

use bus::envelope::{Message, Properties, decode, encode};

const KEY: &str = "request.googleapps.user.create";

/// A message that is understood is the same once it was sent on; one that is not is refused in words. The properties
/// are the first line, as JSON, if it is that; the rest is the body.
pub(crate) fn run(bytes: &[u8]) {
    let line = bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.split_at_checked(end));
    let with_properties = line.and_then(|(head, rest)| Some((serde_json::from_slice(head).ok()?, rest)));
    let (properties, body) = with_properties.unwrap_or_else(|| (Properties::default(), bytes));
    match decode(KEY, &properties, body) {
        Ok(message) => {
            let sent = sent_on(&message);
            assert_eq!(sent_on(&sent), sent, "sent on twice, it is another message");
        }
        Err(poison) => assert!(!poison.to_string().is_empty(), "refused without a word"),
    }
}

fn sent_on(message: &Message) -> Message {
    let (properties, body) = encode(message);
    decode(KEY, &properties, &body).expect("what we send can be read")
}
