use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use model::{MASK, Mask, SecretSet};
use proptest::prelude::*;
use serde_json::{Value, json};

fn mask_of(secrets: &[&str]) -> Mask {
    let mut set = SecretSet::default();
    for (index, secret) in secrets.iter().enumerate() {
        set.set(&format!("/{index}"), json!(secret));
    }
    Mask::new(&set)
}

/// A secret of at least four bytes that no mask text could be mistaken for.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{4,40}",
        "[a-zA-Z0-9éàçœ€漢😀\"\\\\/\n\t]{4,30}",
        any::<String>().prop_filter("long enough", |s| s.len() >= 4),
        "[a-z]{8,12}\n[A-Z0-9]{8,20}\n[a-z]{3}",
    ]
    .prop_filter("four bytes, not mask-like", |s| s.len() >= 4 && !s.contains('•'))
}

fn surroundings() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~\n]{0,60}", Just(String::new())]
}

fn json_minimal(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As Python and others write it: everything beyond ASCII as `\uXXXX`.
fn json_ascii(text: &str, upper: bool) -> String {
    let escaped = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    let character = |c: char| match c {
        _ if c.is_ascii() => c.to_string(),
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| escaped(*unit)).collect(),
    };
    json_minimal(text).chars().map(character).collect()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn form_encoded(text: &str) -> String {
    percent(text).replace("%20", "+")
}

fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn wrapped(text: &str, width: usize, end: &str) -> String {
    text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join(end)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

proptest! {
    #[test]
    fn no_encoding_of_a_secret_survives(secret in secret(), before in surroundings(), after in surroundings()) {
        let mask = mask_of(&[&secret]);
        let forms = [
            secret.clone(),
            json_minimal(&secret),
            json_minimal(&json_minimal(&secret)),
            json_minimal(&secret).replace('/', "\\/"),
            json_ascii(&secret, false),
            json_ascii(&secret, true),
            percent(&secret),
            form_encoded(&secret),
            STANDARD.encode(&secret),
            STANDARD_NO_PAD.encode(&secret),
            URL_SAFE.encode(&secret),
            URL_SAFE_NO_PAD.encode(&secret),
            json_minimal(&STANDARD.encode(&secret)).replace('/', "\\/"),
        ];
        for form in forms {
            let clean = mask.text(&form);
            prop_assert!(!clean.contains(&form), "{form:?} is left in {clean:?}");
            let text = format!("{before} {form} {after}");
            prop_assume!(!before.contains(&form) && !after.contains(&form));
            let clean = mask.text(&text);
            prop_assert!(matches!(clean, Cow::Owned(_)), "{form:?} is not found in {text:?}");
            prop_assert!(!clean.contains(&form), "{form:?} is left in {clean:?}");
            prop_assert!(clean.contains(MASK));
            prop_assert!(form.len() <= mask.longest());
        }
    }

    #[test]
    fn base64_of_a_text_around_a_secret_gives_nothing_away(
        secret in secret(),
        before in proptest::collection::vec(any::<u8>(), 0..8),
        after in proptest::collection::vec(any::<u8>(), 0..8),
        width in 4_usize..80,
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\n ")],
    ) {
        let mask = mask_of(&[&secret]);
        let whole = [before.as_slice(), secret.as_bytes(), &after].concat();
        for encoded in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
            // Every character that holds a bit of the secret must go.
            let own = 8 * before.len() / 6..(8 * (before.len() + secret.len())).div_ceil(6);
            let clean = mask.text(&encoded);
            let (head, tail) = clean.split_once(MASK).unwrap();
            prop_assert!(encoded[..own.start].starts_with(head), "{} of {}", clean, encoded);
            prop_assert!(encoded[own.end..].ends_with(tail), "{} of {}", clean, encoded);

            let lines = wrapped(&encoded, width, end);
            let clean = mask.text(&lines);
            prop_assert!(clean.contains(MASK), "{lines:?} kept");
            prop_assert!(!clean.contains(&encoded[own]), "{clean:?}");
        }
    }

    #[test]
    fn other_character_sets_are_known(secret in "[a-zA-Zéèàç0-9]{4,20}", noise in "[x-z ]{0,5}") {
        let mask = mask_of(&[&secret]);
        let latin1: Vec<u8> = secret.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        for form in [latin1, utf16le(&secret)] {
            let text = [noise.as_bytes(), &form, noise.as_bytes()].concat();
            let clean = mask.bytes(&text);
            prop_assert!(!contains(&clean, &form));
            let encoded = STANDARD.encode(&form);
            prop_assert_eq!(mask.text(&encoded), MASK);
        }
    }

    #[test]
    fn a_text_without_secrets_is_left_as_it_is(secret in "[0-9]{4,20}", text in "[g-z \"\\\\%+\n\t.,:{}é•]{0,200}") {
        let mask = mask_of(&[&secret]);
        prop_assert!(matches!(mask.text(&text), Cow::Borrowed(_)));
        let mut value = json!({ text.clone(): [text, null, true, 17] });
        let before = value.clone();
        mask.value(&mut value);
        prop_assert_eq!(value, before);
    }

    #[test]
    fn what_is_around_a_secret_stays(secret in "[0-9]{4,20}", before in "[g-z \"\n]{0,20}", after in "[g-z \"\n]{0,20}") {
        let mask = mask_of(&[&secret]);
        let text = format!("{before}{secret}{after}");
        prop_assert_eq!(mask.text(&text), format!("{before}{MASK}{after}"));
    }

    #[test]
    fn masking_twice_changes_nothing(secret in secret(), text in surroundings()) {
        let mask = mask_of(&[&secret]);
        let once = mask.text(&format!("{text}{secret}{text}")).into_owned();
        let twice = mask.text(&once).into_owned();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn any_bytes_are_taken(secrets in proptest::collection::vec(any::<String>(), 0..4), text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let _ = mask_of(&secrets).bytes(&text);
    }
}

#[test]
fn a_mask_of_nothing_does_nothing() {
    let mask = Mask::default();
    assert!(mask.is_empty());
    assert_eq!(mask.longest(), 0);
    assert!(matches!(mask.text("anything"), Cow::Borrowed("anything")));
    assert_eq!(format!("{mask:?}"), "Mask(nothing)");
    assert_eq!(format!("{:?}", mask_of(&["hunter22"])), "Mask");
    assert!(!mask_of(&["hunter22"]).is_empty());
}

#[test]
fn overlapping_secrets_leave_no_rest() {
    let mask = mask_of(&["abcdef", "defghi", "cdefg"]);
    assert_eq!(mask.text("<abcdefghi> abcdef defghi"), format!("<{MASK}> {MASK} {MASK}"));
}

#[test]
fn short_secrets_count_only_where_they_stand_alone() {
    let mask = mask_of(&["ab", "!", "x;"]);
    for (text, clean) in [
        ("ab", MASK.to_owned()),
        ("cab abc a_b ab_ _ab 1ab éab abé", "cab abc a_b ab_ _ab 1ab éab abé".to_owned()),
        ("(ab) ab, -ab-", format!("({MASK}) {MASK}, -{MASK}-")),
        (r#"{"ab":"cab"}"#, format!(r#"{{"{MASK}":"cab"}}"#)),
        ("Hello! a !! b", "Hello! a !! b".to_owned()),
        ("a ! b", format!("a {MASK} b")),
        (r#"["!"]"#, format!(r#"["{MASK}"]"#)),
        ("'!'", format!("'{MASK}'")),
        ("x; ax; x;a", format!("{MASK} ax; x;a")),
    ] {
        assert_eq!(mask.text(text), clean, "{text}");
    }
    assert!(!mask.finds("YWI="), "three bytes and less are not looked for in base64");
}

#[test]
fn four_bytes_are_found_inside_words() {
    assert_eq!(mask_of(&["abcd"]).text("xabcdx"), format!("x{MASK}x"));
}

#[test]
fn each_long_line_of_a_secret_counts() {
    let mask = mask_of(&["-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nshort\n12345678\n1234567"]);
    assert_eq!(mask.text("DEBUG: MIIEvQIBADANBg"), format!("DEBUG: {MASK}"));
    assert_eq!(mask.text("a 12345678 b"), format!("a {MASK} b"));
    assert_eq!(mask.text("short 1234567"), "short 1234567");
}

#[test]
fn encodings_within_encodings_are_undone() {
    let mask = mask_of(&[r#"p"ä/ß\😀"#]);
    for text in [
        r#"{"message":"{\"password\":\"p\\\"ä/ß\\\\😀\"}"}"#,
        r#"{"password":"p\u0022\u00e4\/\u00DF\u005c\ud83d\uDE00"}"#,
        r#"b'p"\xc3\xa4/\xc3\x9f\\\xf0\x9f\x98\x80'"#,
        "password=p%22%c3%a4%2F%C3%9f%5C%F0%9F%98%80&x=1",
        "password: p\"ä/\r\n ß\\😀",
    ] {
        let clean = mask.text(text);
        assert!(clean.contains(MASK), "{clean}");
        assert!(!clean.contains("p\\") && !clean.contains("p%") && !clean.contains("p\""), "{clean}");
    }
    assert_eq!(mask.text("x\\u00\\ud83d\\u0020\\q\\xzz\\"), "x\\u00\\ud83d\\u0020\\q\\xzz\\");
}

/// The first characters of an encoded text may have been cut off.
#[test]
fn base64_that_begins_in_the_middle_is_found() {
    let mask = mask_of(&["hunter22"]);
    let encoded = STANDARD.encode("xhunter22");
    for cut in 0..=2 {
        assert_eq!(mask.text(&encoded[cut..]), format!("{}{MASK}", &encoded[cut..1.max(cut)]), "{cut}");
    }
}

#[test]
fn escapes_of_controls_are_known() {
    let mask = mask_of(&["a\u{8}b\u{c}c\nd\re\tf"]);
    assert_eq!(mask.text(r#""a\bb\fc\nd\re\tf""#), format!("\"{MASK}\""));
}

#[test]
fn a_found_escape_goes_whole_and_its_neighbours_stay() {
    let mask = mask_of(&["é234"]);
    assert_eq!(mask.text(r#"\"\u00e9234\"\n"#), format!(r#"\"{MASK}\"\n"#));
    assert_eq!(mask.text("%41%C3%A9234%42"), format!("%41{MASK}%42"));
    assert_eq!(mask.text("1é2\n34\n5"), format!("1{MASK}\n5"));
    assert_eq!(mask.text("a+b é234 c%20d"), format!("a+b {MASK} c%20d"));
    assert_eq!(mask.text(r"x\u00e9234\ty\u00e9234z"), format!(r"x{MASK}\ty{MASK}z"));
}

#[test]
fn values_are_masked_throughout() {
    let mask = mask_of(&["hunter22", "4711"]);
    let mut value = json!({
        "hunter22": "it is hunter22",
        "plain": [4711, 47, -1.5, "4711", null, true, {"deep": "aHVudGVyMjI="}],
    });
    mask.value(&mut value);
    assert_eq!(
        value,
        json!({
            MASK: format!("it is {MASK}"),
            "plain": [MASK, 47, -1.5, MASK, null, true, {"deep": MASK}],
        })
    );
    assert_eq!(value.as_object().unwrap().keys().next().unwrap(), MASK, "the order of keys stays");
}

#[test]
fn numbers_are_secrets_too() {
    let mut set = SecretSet::default();
    set.set("/pin", json!(12345));
    let mask = Mask::new(&set);
    assert_eq!(mask.text("pin=12345"), format!("pin={MASK}"));
}

#[test]
fn too_many_secrets_mask_everything() {
    let big = "x".repeat(64 * 1024);
    let mask = mask_of(&[&big]);
    assert_eq!(mask.text("harmless"), "harmless");
    let mask = mask_of(&[&big, "y"]);
    assert_eq!(mask.text("harmless"), MASK);
    assert_eq!(mask.text(""), "");
    let mut value = json!({"status": 0, "list": ["a", true]});
    mask.value(&mut value);
    assert_eq!(value, json!({ MASK: [MASK, true] }), "keys fall together, nothing is shown");
    assert!(!mask.is_empty());
    assert_eq!(mask.longest(), 0);
}

#[test]
fn a_long_run_of_hits_is_one_place() {
    let text = "a".repeat(100_000);
    assert_eq!(mask_of(&["aaaa"]).text(&text), MASK);
    let value = Value::from(text);
    assert!(mask_of(&["aaaa"]).finds(value.as_str().unwrap()));
}
