use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::{Site, environment, loaded};
use sesame::SesameSource;

use crate::config::{Bytes, Environment, Named, SecretSource, Value};

#[test]
fn lengths_of_time() {
    for (text, millis, shown) in [
        ("250ms", 250, "250ms"),
        ("0s", 0, "0s"),
        ("30s", 30_000, "30s"),
        ("90", 90_000, "90s"),
        ("5m", 300_000, "5m"),
        ("2h", 7_200_000, "2h"),
        ("7d", 604_800_000, "7d"),
        ("1h30m", 5_400_000, "90m"),
        (" 1h 30 m ", 5_400_000, "90m"),
        ("1500ms", 1_500, "1500ms"),
    ] {
        let value = Duration::parse(text).unwrap();
        assert_eq!(value, Duration::from_millis(millis), "{text}");
        assert_eq!(value.show(), shown);
        assert_eq!(Duration::parse(shown).unwrap(), value);
    }
    for text in
        ["", "s", "5", "5x", "-5s", "1.5h", "5s5", "s5", "99999999999999999999d", "18446744073709551615d"]
    {
        assert_eq!(Duration::parse(text).is_ok(), text == "5", "{text}");
    }
}

#[test]
fn sizes() {
    for (text, bytes, shown) in [
        ("0", 0, "0B"),
        ("512", 512, "512B"),
        ("1b", 1, "1B"),
        ("64KiB", 65_536, "64KiB"),
        ("64 kib", 65_536, "64KiB"),
        ("10MB", 10_000_000, "10000000B"),
        ("3kB", 3_000, "3000B"),
        ("10MiB", 10_485_760, "10MiB"),
        ("2GiB", 2_147_483_648, "2GiB"),
        ("1GB", 1_000_000_000, "1000000000B"),
    ] {
        let value = Bytes::parse(text).unwrap();
        assert_eq!(value, Bytes(bytes), "{text}");
        assert_eq!(value.show(), shown);
        assert_eq!(Bytes::parse(shown).unwrap(), value);
    }
    for text in ["", "MB", "1.5MB", "-1", "10 bananas", "99999999999999999GiB"] {
        assert!(Bytes::parse(text).unwrap_err().contains("64KiB"), "{text}");
    }
}

#[test]
fn numbers_and_the_like() {
    assert_eq!(u64::parse("1_000_000"), Ok(1_000_000));
    assert_eq!(NonZeroUsize::parse("16").unwrap().show(), "16");
    assert_eq!((bool::parse("true"), bool::parse("false")), (Ok(true), Ok(false)));
    assert!(bool::parse("yes").is_err());
    assert_eq!(Option::<u32>::parse("5"), Ok(Some(5)));
    assert_eq!(None::<u32>.show(), "");
    assert_eq!(String::parse("x").unwrap().show(), "x");
    assert!(String::parse("").is_err() && PathBuf::parse("").is_err() && u32::parse("-1").is_err());
}

#[test]
fn secrets_are_fetched_from_where_they_are() {
    let site = Site::new("");
    site.write("token", "hunter22\n");
    let credentials = site.folder.path().display().to_string();
    let environment = environment(&[("MY_TOKEN", "swordfish"), ("CREDENTIALS_DIRECTORY", &credentials)]);
    let fetch = |text: &str| {
        let source = SecretSource::parse(text).unwrap();
        source.fetch(&environment).map(|secret| secret.expose().clone()).map_err(|error| error.to_string())
    };
    assert_eq!(fetch("plain:text").unwrap(), "plain:text");
    assert_eq!(fetch(&format!("file:{credentials}/token")).unwrap(), "hunter22");
    site.write("marked", "\u{feff}hunter22\r\n");
    assert_eq!(fetch("credential:marked").unwrap(), "hunter22", "a byte order mark is no part of it");
    assert_eq!(fetch("env:MY_TOKEN").unwrap(), "swordfish");
    assert_eq!(fetch("credential:token").unwrap(), "hunter22");
    assert!(fetch("env:NONE").unwrap_err().contains("the environment has no variable NONE"));
    assert!(fetch("file:/nonexistent").unwrap_err().contains("/nonexistent"));
    let without = SecretSource::Credential("token".to_owned()).fetch(&Environment::default());
    assert!(without.unwrap_err().to_string().contains("LoadCredential=token:PATH"));
}

#[test]
fn a_secret_by_value_is_not_shown() {
    let secret = SecretSource::parse("hunter22").unwrap();
    assert_eq!(format!("{} {secret:?}", secret.show()), "•••••• Value(••••••)");
    for text in ["file:/etc/key", "env:KEY", "credential:key"] {
        assert_eq!(SecretSource::parse(text).unwrap().show(), text);
    }
    for text in ["", "file:", "env:", "credential:"] {
        assert!(SecretSource::parse(text).unwrap_err().contains("credential:NAME"), "{text}");
    }
}

#[test]
fn a_source_that_is_only_named_has_the_defaults() {
    let named = loaded("sesame:\n  main:\n  other: {hold: 5, redis: 'redis://u:s3cret@h/1'}\n")
        .sections
        .get::<Named<SesameSource>>()
        .0;
    assert_eq!(named["main"], SesameSource::default());
    assert_eq!((named["other"].hold.get(), named["other"].queue.as_str()), (5, "sesame"));
    assert!(!format!("{named:?}").contains("s3cret"));
    assert!(loaded("sesame:\n").sections.get::<Named<SesameSource>>().0.is_empty());
}
