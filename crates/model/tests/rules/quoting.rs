//! However a program quotes a secret that it prints, the mask covers it, and nothing beside it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use model::composed::{composed, decomposed};
use model::{MASK, Mask, SecretSet};
use proptest::prelude::*;
use serde_json::json;

fn mask_of(secret: &str) -> Mask {
    let mut set = SecretSet::default();
    set.set("/secret", json!(secret));
    Mask::new(&set)
}

/// Secrets with many of the signs that are quoted somewhere, and letters that are not ASCII.
fn secret() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,4}",
        2 => "['\"\\\\$`!&<>|;*()#=,+/%@~^?{}\\[\\] -]",
        1 => "[éèàçïÉŒœ€ßñÿ]",
        1 => "[漢😀]",
    ];
    proptest::collection::vec(piece, 3..9)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("long enough", |text| text.len() >= 4)
}

/// Writes each character in its own way.
fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn before(signs: &str, sign: char, text: &str) -> String {
    each(text, |c| if signs.contains(c) { format!("{sign}{c}") } else { c.to_string() })
}

fn bytes(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

/// `set -x` of bash: `'don'\''t'`, without the outer ones.
fn bash(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// `set -x` of dash, which keeps apostrophes that follow each other together.
fn dash(text: &str) -> String {
    let mut quoted = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\'') {
        let (plain, from) = rest.split_at(at);
        let count = from.chars().take_while(|c| *c == '\'').count();
        quoted += &[plain, "'\"", &"'".repeat(count), "\"'"].concat();
        rest = &from[count..];
    }
    quoted + rest
}

/// `$'…'` of shells, in a locale without the letters.
fn dollar(text: &str) -> String {
    bytes(text, |b| match b {
        b'\'' | b'\\' => format!("\\{}", char::from(b)),
        b if b.is_ascii() => char::from(b).to_string(),
        b => format!("\\{b:03o}"),
    })
}

fn json_ascii(text: &str) -> String {
    each(text, |c| match c {
        '"' | '\\' | '/' => format!("\\{c}"),
        c if c.is_ascii() => c.to_string(),
        c => c
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect::<Vec<_>>()
            .concat(),
    })
}

/// `ascii()` of Python.
fn python(text: &str) -> String {
    each(text, |c| match u32::from(c) {
        0x27 | 0x5c => format!("\\{c}"),
        0..=0x7f => c.to_string(),
        code @ 0x80..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    })
}

/// `repr()` of Python, of the text's bytes.
fn python_bytes(text: &str) -> String {
    bytes(text, |b| match b {
        b'\'' | b'\\' => format!("\\{}", char::from(b)),
        b if b.is_ascii() => char::from(b).to_string(),
        b => format!("\\x{b:02x}"),
    })
}

fn xml(text: &str) -> String {
    each(text, |c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        c => c.to_string(),
    })
}

fn numbered(text: &str, write: impl Fn(u32) -> String) -> String {
    each(text, |c| if c.is_ascii_alphanumeric() { c.to_string() } else { write(u32::from(c)) })
}

fn percent(text: &str, write: impl Fn(u8) -> String) -> String {
    bytes(text, |b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { write(b) })
}

fn ldap_filter(text: &str) -> String {
    bytes(text, |b| {
        if b"*()\\".contains(&b) || !b.is_ascii() { format!("\\{b:02x}") } else { char::from(b).to_string() }
    })
}

fn hex(text: &str, between: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

/// Base32 (RFC 4648) with padding.
fn base32(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(value)]);
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let value = |bits: &[u8]| (0..5).fold(0, |value, at| 2 * value + bits.get(at).unwrap_or(&0));
    let mut text: String = bits.chunks(5).map(|bits| digit(value(bits))).collect();
    text.extend(std::iter::repeat_n('=', (8 - text.len() % 8) % 8));
    text
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Each way to write a text: its name, and what comes out.
fn quotings(secret: &str) -> Vec<(&'static str, String)> {
    vec![
        ("as it is", secret.to_owned()),
        ("capitals", secret.to_uppercase()),
        ("small letters", secret.to_lowercase()),
        ("composed", composed(secret).into_owned()),
        ("decomposed", decomposed(secret).into_owned()),
        ("bash -x", bash(secret)),
        ("dash -x", dash(secret)),
        ("shlex.quote", secret.replace('\'', r#"'"'"'"#)),
        ("printf %q", before(" !\"#$&'()*,;<>?[\\]^`{|}~", '\\', secret)),
        ("$'…'", dollar(secret)),
        ("within quotation marks", before("\"$`\\", '\\', secret)),
        ("SQL", secret.replace('\'', "''")),
        ("CSV", secret.replace('"', "\"\"")),
        ("PowerShell", before("\"$`", '`', secret)),
        ("JSON", json_ascii(secret)),
        ("JSON in JSON", json_ascii(&json_ascii(secret))),
        ("bash -x in JSON", json_ascii(&bash(secret))),
        ("JSON in bash -x", bash(&json_ascii(secret))),
        ("JSON in SQL", json_ascii(secret).replace('\'', "''")),
        ("Python", python(secret)),
        ("Python's bytes", python_bytes(secret)),
        ("LDAP filter", ldap_filter(secret)),
        ("LDAP filter, all of it", bytes(secret, |b| format!("\\{b:02X}"))),
        ("LDAP name", before(",+\"\\<>;=# ", '\\', secret)),
        ("LDAP filter in JSON", json_ascii(&ldap_filter(secret))),
        ("XML", xml(secret)),
        ("XML in XML", xml(&xml(secret))),
        ("HTML, decimal", numbered(secret, |code| format!("&#{code:03};"))),
        ("HTML, hexadecimal", numbered(secret, |code| format!("&#x{code:X};"))),
        ("XML in JSON", json_ascii(&xml(secret))),
        ("percent", percent(secret, |b| format!("%{b:02X}"))),
        ("percent, small", percent(secret, |b| format!("%{b:02x}"))),
        ("form", percent(secret, |b| if b == b' ' { "+".to_owned() } else { format!("%{b:02X}") })),
        ("percent twice", percent(secret, |b| format!("%25{b:02X}"))),
        ("quoted-printable", percent(secret, |b| format!("={b:02X}"))),
        ("hexadecimal", hex(secret, "")),
        ("hexadecimal, capitals", hex(secret, "").to_uppercase()),
        ("hexadecimal, colons", hex(secret, ":")),
        ("hexadecimal, blanks", hex(secret, " ")),
        ("hexadecimal, C", hex(secret, ", 0x")),
        ("base64", STANDARD.encode(secret)),
        ("base64, URL", URL_SAFE_NO_PAD.encode(secret)),
        ("base64 of UTF-16", STANDARD.encode(utf16(secret))),
        ("base32", base32(secret.as_bytes())),
        ("base32, small", base32(secret.as_bytes()).to_lowercase()),
    ]
}

proptest! {
    #[test]
    fn no_quoting_hides_a_secret(secret in secret()) {
        let mask = mask_of(&secret);
        for (name, quoted) in quotings(&secret) {
            prop_assert_eq!(mask.text(&quoted), MASK, "{}: {} of {}", name, quoted, secret);
            prop_assert!(quoted.len() <= mask.longest(), "{} is longer than told: {}", name, quoted);
            let clean = mask.text(&format!("<{quoted}>\n")).into_owned();
            prop_assert!(clean.contains(MASK) && !clean.contains(&quoted), "{}: {}", name, clean);
        }
    }

    #[test]
    fn longer_encoded_data_gives_nothing_away(secret in secret(), before in proptest::collection::vec(any::<u8>(), 0..12), after in proptest::collection::vec(any::<u8>(), 0..12)) {
        let mask = mask_of(&secret);
        let whole = [before.as_slice(), secret.as_bytes(), &after].concat();
        for (encoded, bits) in [(STANDARD_NO_PAD.encode(&whole), 6), (URL_SAFE_NO_PAD.encode(&whole), 6), (base32(&whole), 5)] {
            // Every digit that holds a bit of the secret must go.
            let own = 8 * before.len() / bits..(8 * (before.len() + secret.len())).div_ceil(bits);
            let clean = mask.text(&encoded);
            let (head, tail) = clean.split_once(MASK).unwrap();
            prop_assert!(encoded[..own.start].starts_with(head), "{} of {}", clean, encoded);
            prop_assert!(encoded[own.end..].ends_with(tail), "{} of {}", clean, encoded);
        }
    }
}

#[test]
fn what_a_script_traces_is_masked() {
    let mask = mask_of("don't tell");
    for (printed, clean) in [
        (r"+ : ldappasswd -s 'don'\''t tell'", format!("+ : ldappasswd -s '{MASK}'")),
        ("Set-ADAccountPassword 'don''t tell'", format!("Set-ADAccountPassword '{MASK}'")),
        (r"curl -d don\'t\ tell", format!("curl -d {MASK}")),
        ("<p>DON&#39;T TELL</p>", format!("<p>{MASK}</p>")),
        ("646f6e277420 74656c6c", MASK.to_owned()),
        ("password=Don%27t+tell&x=1", format!("password={MASK}&x=1")),
    ] {
        assert_eq!(mask.text(printed), clean);
    }
}
