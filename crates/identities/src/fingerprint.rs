//! Tells whether two documents say the same, whatever the order of their members. Pure.

use serde_json::{Map, Value};

/// 64 hexadecimal digits: equal for documents that are equal, and for no others.
pub fn fingerprint(document: &Map<String, Value>) -> String {
    let mut hasher = blake3::Hasher::new();
    members(&mut hasher, document);
    hasher.finalize().to_hex().to_string()
}

fn members(hasher: &mut blake3::Hasher, document: &Map<String, Value>) {
    let mut sorted: Vec<_> = document.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    hasher.update(b"{");
    for (name, value) in sorted {
        text(hasher, name);
        feed(hasher, value);
    }
    hasher.update(b"}");
}

fn feed(hasher: &mut blake3::Hasher, value: &Value) {
    match value {
        Value::Null => _ = hasher.update(b"n"),
        Value::Bool(value) => _ = hasher.update(if *value { b"t" } else { b"f" }),
        Value::Number(number) => {
            hasher.update(b"#");
            text(hasher, &number.to_string());
        }
        Value::String(value) => text(hasher, value),
        Value::Array(items) => {
            hasher.update(b"[");
            for item in items {
                feed(hasher, item);
            }
            hasher.update(b"]");
        }
        Value::Object(object) => members(hasher, object),
    }
}

/// With its length before it, so that no two sequences of texts look alike.
fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(b"\"");
    hasher.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> String {
        fingerprint(value.as_object().unwrap())
    }

    #[test]
    fn the_order_of_members_does_not_count_and_that_of_items_does() {
        let one = of(&json!({"a": {"x": 1, "y": [1, 2]}, "b": null}));
        assert_eq!(one, of(&json!({"b": null, "a": {"y": [1, 2], "x": 1}})));
        assert_eq!(one.len(), 64);
        for other in [
            json!({"a": {"x": 1, "y": [2, 1]}, "b": null}),
            json!({"a": {"x": 1, "y": [1, 2]}}),
            json!({"a": {"x": "1", "y": [1, 2]}, "b": null}),
            json!({"a": {"x": 1}, "y": [1, 2], "b": null}),
            json!({"a": {"x": 1, "y": [1], "z": 2}, "b": null}),
        ] {
            assert_ne!(one, of(&other), "{other}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{0,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn equal_means_the_same(a in any_value(), b in any_value()) {
            let (a, b) = (json!({"x": a}), json!({"x": b}));
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }
    }
}
