//! One writing for all documents that say the same.

use serde_json::Value;
use zeroize::Zeroizing;

/// Bytes that are the same for documents of one name that say the same: whatever the order of their members, and
/// however a number is written (`100`, `1e2` and `100.0` are one). No two others share theirs.
pub fn canonical(name: &str, value: &Value) -> Zeroizing<Vec<u8>> {
    let mut length = Length(0);
    text(&mut length, name);
    feed(&mut length, value);
    // Exactly as long as it becomes: no half-written copy of a secret is left behind by a growing buffer.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    text(&mut *bytes, name);
    feed(&mut *bytes, value);
    bytes
}

trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

struct Length(usize);

impl Sink for Length {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

fn feed(sink: &mut impl Sink, value: &Value) {
    match value {
        Value::Null => sink.put(b"n"),
        Value::Bool(true) => sink.put(b"t"),
        Value::Bool(false) => sink.put(b"f"),
        Value::Number(number) => {
            sink.put(b"#");
            text(sink, &by_value(&number.to_string()));
        }
        Value::String(value) => text(sink, value),
        Value::Array(items) => {
            sink.put(b"[");
            for item in items {
                feed(sink, item);
            }
            sink.put(b"]");
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            sink.put(b"{");
            for (name, value) in sorted {
                text(sink, name);
                feed(sink, value);
            }
            sink.put(b"}");
        }
    }
}

/// With its length before it, so that no two sequences of texts look alike.
fn text(sink: &mut impl Sink, text: &str) {
    sink.put(b"\"");
    sink.put(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    sink.put(text.as_bytes());
}

/// A number as its digits from the first to the last that is not zero, and the power of ten behind them: `1500`, `1.5e3`
/// and `1500.0` are `15e2`.
fn by_value(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |number| ("-", number));
    let (digits, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let power = power
        .parse::<i64>()
        .unwrap_or(i64::MAX)
        .saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX))
        .saturating_add(i64::try_from(all.len() - digits.len()).unwrap_or(i64::MAX));
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => format!("{sign}{digits}e{power}"),
    }
}
