//! Secrets, taken out of bodies and put back.

use model::mask::Mask;
use model::redact::{masked_pointers, put_back, take_secrets};
use serde_json::Value;

/// Pointers as actions declare them.
const POINTERS: [&str; 3] = ["/payload/newPassword", "/payload/*/secret", "/data"];

/// What is taken out comes back unchanged, and the mask lets none of it through.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    let masked_before = masked_pointers(&body);
    let mut masked = body.clone();
    let secrets = take_secrets(&mut masked, &POINTERS.map(str::to_owned));
    if masked_before.is_empty() {
        let mut whole = masked.clone();
        put_back(&mut whole, &secrets);
        assert_eq!(whole, body, "what was taken out did not come back");
    }
    let mask = Mask::new(&secrets);
    let printed = body.to_string();
    let hidden = mask.text(&printed);
    assert!(!mask.finds(&hidden), "a secret is left in what was masked");
    assert_eq!(mask.bytes(printed.as_bytes()), hidden.as_bytes(), "bytes and text are masked differently");
}
