//! Jobs of Sesame's queue.

use std::sync::{Arc, LazyLock};

use engine::Clock;
use engine::port::Decoder;
use journal::Life;
use serde_json::{Value, json};
use sesame::{Address, BuiltIn, Settings, Source};
use uuid::Uuid;

/// What reads jobs that were refused, which is what reads jobs.
static DECODER: LazyLock<Arc<dyn Decoder>> = LazyLock::new(|| {
    let address = Address::new("redis://localhost", None, None).expect("an address");
    let built_in = BuiltIn::new(Value::Null);
    let life = Life::new("host:seat", 1);
    Source::new(Settings::new("sesame", address), Uuid::nil(), life, Clock::system(), built_in).decoder()
});

/// Neither a job's hash nor what lies in its `data` stops the source; what is refused is refused in words.
pub(crate) fn run(bytes: &[u8]) {
    check(bytes);
    let data = String::from_utf8_lossy(bytes);
    let hash =
        json!({"id": "7", "name": "IDENTITY_UPDATE", "data": data, "timestamp": 1_700_000_000_000_i64});
    check(hash.to_string().as_bytes());
}

fn check(raw: &[u8]) {
    match DECODER.decode(raw) {
        Ok(request) => {
            assert!(request.body.is_object(), "a body that no backend can read");
            assert!(
                !request.action.is_empty() && request.external_id.is_some(),
                "a job without a name or an id"
            );
        }
        Err(why) => assert!(!why.message.is_empty(), "refused without a word"),
    }
}
