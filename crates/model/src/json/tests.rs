//! What is read, what is refused, and what both cost.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

fn fault(text: &str) -> Fault {
    read(text.as_bytes()).unwrap_err().fault
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn whole_numbers_keep_their_digits() {
    for whole in [
        "123456789012345680000",
        "700700700700700700701",
        "-99999999999999999999999",
        "18446744073709551616",
        "7",
        "-7",
    ] {
        let text = format!("{{\"n\":{whole}}}");
        assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
    }
    for (other, kept) in [
        ("1E2", "100"),
        ("-100.0", "-100"),
        ("1.50", "1.5"),
        ("-0", "-0.0"),
        ("0.0", "0.0"),
        ("9007199254740993.0", "9007199254740992"),
        ("1.2345678901234568e20", "123456789012345680000"),
        ("999999999999999934463e0", "999999999999999900000"),
        ("1e21", "1e+21"),
        ("-1.5e300", "-1.5e+300"),
    ] {
        assert_eq!(read(other.as_bytes()).unwrap().to_string(), kept);
    }
    assert_eq!(fault("1e309"), Fault::Number);
    assert_eq!(fault(&"9".repeat(400)), Fault::Number);
}

#[test]
fn nothing_can_be_read_in_two_ways() {
    assert_eq!(fault(r#"{"a":{"b":1,"b":1}}"#), Fault::Twice("b".to_owned()));
    assert_eq!(fault(r#"{"a":1,"\u0061":1}"#), Fault::Twice("a".to_owned()));
    let why = read(br#"{"a":1,"a":1}"#).unwrap_err().to_string();
    assert_eq!(why, "line 1, column 10: \"a\" is given twice");
    for number in [r#""1""#, "1", r#"{"x":1}"#, r#""\u0031""#, "12345678901234567890123"] {
        let text = format!(r#"{{"a":{{"$serde_json::private::Number":{number}}}}}"#);
        assert_eq!(fault(&text), Fault::Reserved, "{number}");
    }
    let after = r#"{"b":1,"$serde_json::private::Number":"1"}"#;
    assert_eq!(fault(after), Fault::Reserved);
}

#[test]
fn every_fault_says_where_and_what() {
    for (text, why) in [
        (&b"\xff\xfe{\0"[..], "it is written in UTF-16: save it as UTF-8"),
        (b"{\n\"a\": \"\xe9\"}", "line 2, column 7: not UTF-8"),
        (b" \n", "it is empty"),
        (b"{\"a\":", "it breaks off at line 1, column 5 (EOF while parsing a value): is it whole?"),
        (b"{\"a\":1 2}", "line 1, column 8: not JSON: expected `,` or `}`"),
        (b"{} x", "line 1, column 4: not JSON: trailing characters"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), why);
    }
    assert_eq!(read(b"\xef\xbb\xbf{}").unwrap(), json!({}));
}

#[test]
fn depth_has_one_limit() {
    assert!(read(nested(DEEPEST).as_bytes()).is_ok());
    assert_eq!(fault(&nested(DEEPEST + 1)), Fault::Deep(DEEPEST));
    assert_eq!(fault(&format!("{}{{}}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST))), Fault::Deep(DEEPEST));
    assert_eq!(fault(&nested(100_000)), Fault::Deep(DEEPEST));
    assert!(read_around(nested(DEEPEST + AROUND).as_bytes()).is_ok());
    assert!(read_around(nested(DEEPEST + AROUND + 1).as_bytes()).is_err());
    let deepest = read(nested(DEEPEST).as_bytes()).unwrap();
    assert!(check(&deepest).is_ok());
    assert_eq!(check(&json!([deepest])).unwrap_err().fault, Fault::Deep(DEEPEST));
    let part = |levels: usize| json!({"a": read(nested(levels).as_bytes()).unwrap()});
    assert!(check_part(part(DEEPEST - AROUND - 1).as_object().unwrap()).is_ok());
    assert!(check_part(part(DEEPEST - AROUND).as_object().unwrap()).is_err());
    assert!(
        !leads_too_deep(&"/a".repeat(DEEPEST - AROUND - 1)) && leads_too_deep(&"/a".repeat(DEEPEST - AROUND))
    );
    assert_eq!(
        check(&json!({"a": {"$serde_json::private::Number": "1"}})).unwrap_err().fault,
        Fault::Reserved
    );
}

#[test]
fn what_is_read_comes_back_from_where_it_is_kept() {
    let kept = json!({"body": read(nested(DEEPEST).as_bytes()).unwrap()});
    let mut around = kept;
    for _ in 0..AROUND {
        around = json!([around]);
    }
    let text = around.to_string();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), around);
}

#[test]
fn a_text_of_many_small_values_is_refused_and_an_ordinary_one_is_not() {
    let many = format!("[{}{{}}]", "{},".repeat(3_500_000));
    let why = read(many.as_bytes()).unwrap_err();
    assert_eq!(why.code(), code::TOO_MANY_VALUES);
    assert!(why.to_string().ends_with("send it in several parts"), "{why}");
    let rows = "{\"uid\":\"a12345\",\"groups\":[\"staff\",\"school\"]},".repeat(20_000);
    assert!(read(format!("[{rows}{{}}]").as_bytes()).is_ok());
    let photo = format!("{{\"jpegPhoto\":\"{}\"}}", "A".repeat(10 << 20));
    assert!(read(photo.as_bytes()).is_ok());
}

#[test]
fn the_weight_counts_values_and_not_their_looks() {
    let value = size_of::<Value>();
    for (text, least) in [
        ("{}", value),
        ("[{},{},{}]", 4 * value),
        (r#"{"a":"b\"]["}"#, 2 * value),
        ("[1,true,null]", 4 * value),
    ] {
        let weight = weight(text.as_bytes());
        assert!((least..least * 4).contains(&weight), "{text}: {weight}");
    }
    assert_eq!(weight(b"[ 1 , 2 ]"), weight(b"[1,2]"));
}

#[test]
fn canonical_is_blind_to_order_and_to_how_numbers_are_written() {
    let same = |a: &str, b: &str| {
        canonical("x", &read(a.as_bytes()).unwrap()) == canonical("x", &read(b.as_bytes()).unwrap())
    };
    assert!(same(r#"{"a":1,"b":{"c":2,"d":3}}"#, r#"{"b":{"d":3,"c":2},"a":1}"#));
    assert!(same("[100, 0.5, 123456789012345680000, 0]", "[1E2, 5e-1, 1.2345678901234568e20, -0.0]"));
    for (a, b) in [
        ("[1,2]", "[2,1]"),
        ("1", "\"1\""),
        ("700700700700700700700", "700700700700700700701"),
        ("1", "-1"),
        ("10", "1"),
        (r#"{"a":{"b":1}}"#, r#"{"a":{},"b":1}"#),
        ("[[],1]", "[[1]]"),
    ] {
        assert!(!same(a, b), "{a} and {b}");
    }
    assert_ne!(canonical("a", &json!({})), canonical("b", &json!({})));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite, and no whole number", |number| number.is_finite() && number.fract() != 0.0)
            .prop_map(Value::from),
        "[a-c\"\\\\\u{e9}\\[\\]{},:]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-d]{0,2}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The same with the members of every object the other way round.
fn reordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(reordered).collect(),
        Value::Object(members) => Value::Object(
            members.iter().rev().map(|(name, value)| (name.clone(), reordered(value))).collect(),
        ),
        other => other.clone(),
    }
}

proptest! {
    /// What is written can be read, is the same, and may be kept.
    #[test]
    fn reading_gives_what_was_written(value in any_value()) {
        let text = value.to_string();
        prop_assert_eq!(&read(text.as_bytes()).unwrap(), &value);
        prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &value);
        prop_assert!(check(&value).is_ok());
        prop_assert_eq!(canonical("x", &reordered(&value)), canonical("x", &value));
    }

    /// No two different documents share their canonical bytes.
    #[test]
    fn canonical_tells_documents_apart(a in any_value(), b in any_value()) {
        prop_assert_eq!(a == b, canonical("x", &a) == canonical("x", &b));
    }

    /// Whatever is handed in, and as the plain parser sees it.
    #[test]
    fn whatever_it_is(text in "[\\[\\]{}\",:0-9eE.\\-a-b\\\\u ]{0,40}") {
        let read = read(text.as_bytes());
        if let Ok(value) = &read {
            prop_assert_eq!(&serde_json::from_str::<Value>(&value.to_string()).unwrap(), value);
        }
        prop_assert!(read.is_err() || serde_json::from_str::<Value>(&text).is_ok());
        let _ = weight(text.as_bytes());
    }
}
