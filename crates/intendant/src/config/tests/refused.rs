use std::path::Path;

use super::{Site, loaded, places};
use crate::config::{Config, load};

#[test]
fn an_unknown_key_is_refused_with_what_was_probably_meant() {
    let text = "log:\n  level: info\nrequests:\n  max_zise: 5MB\n";
    assert_eq!(
        Site::new(text).refusal(&[]),
        "intendant.yml:4: unknown key max_zise, did you mean max_size?\n  |   max_zise: 5MB\n  |   ^"
    );
    assert_eq!(
        Site::new("backend:\n  folder: x\n").refusal(&[]),
        "intendant.yml:1: unknown key backend, did you mean backends?\n  | backend:\n  | ^"
    );
}

#[test]
fn an_unknown_key_like_none_is_refused_with_what_there_is() {
    let refusal = Site::new("log:\n  colour: red\n").refusal(&[]);
    assert!(
        refusal.starts_with("intendant.yml:2: unknown key colour, known here are level, format, output\n"),
        "{refusal}"
    );
    let refusal = Site::new("actions:\n  X:\n    schemata: {}\n    xyz: 1\n").refusal(&[]);
    assert!(refusal.starts_with("intendant.yml:3: unknown key schemata, "), "{refusal}");
}

#[test]
fn a_value_that_is_not_understood_is_shown_with_what_would_be() {
    for (text, message) in [
        (
            "concurrency: many\n",
            "1: \"many\" is not understood here: write a whole number above zero such as 16",
        ),
        ("concurrency: 0\n", "1: \"0\" is not understood here: write a whole number above zero such as 16"),
        (
            "\nstop:\n  grace: 5 parsecs\n",
            "3: \"5 parsecs\" is not understood here: write a length of time such as",
        ),
        (
            "requests: {max_size: big}\n",
            "1: \"big\" is not understood here: write a size such as 64KiB or 10MB",
        ),
        (
            "log: {level: loud}\n",
            "1: \"loud\" is not understood here: write one of off, error, warn, info, debug, trace",
        ),
        ("retention:\n  jobs:\n", "2: a value is missing"),
        ("data: {folder: ''}\n", "1: \"\" is not understood here: write a path"),
        (
            "key: 'file:'\n",
            "1: a secret is missing here: write it, or file:PATH, env:NAME or credential:NAME",
        ),
    ] {
        let refusal = Site::new(text).refusal(&[]);
        assert!(refusal.starts_with(&format!("intendant.yml:{message}")), "{refusal}");
        assert!(refusal.ends_with('^'), "{refusal}");
    }
}

#[test]
fn what_is_no_configuration_is_refused_with_its_line() {
    for (text, line) in [
        ("- a\n- b\n", 1),
        ("just text\n", 1),
        ("log: info\n", 1),
        ("log:\n  level: info\n  level: warn\n", 3),
        ("log:\n  level: [info\nstop:\n", 2),
        ("log:\n  level: \"info\nstop:\n", 3),
        ("log:\n  level: info\n stop: x\n", 3),
        ("log:\n  level: info\n   stop: x\n", 2),
        ("log: &a\n level: *b\n", 2),
        ("log:\n  level: {a: b}", 2),
        ("stop:\n  grace: !!map 5\n", 2),
        ("actions:\n  X:\n    class: [a]\n  Y: 5", 3),
        ("actions: 5", 1),
        ("actions: {X: 5}", 1),
        ("actions: {X: {secrets: {a: b}}}", 1),
        ("actions: {X: {retry: 5}}", 1),
        ("log:\n\tlevel: info\n", 2),
        ("a: 1\n---\nb: 2\n", 3),
    ] {
        let refusal = Site::new(text).refusal(&[]);
        assert!(refusal.starts_with(&format!("intendant.yml:{line}: ")), "{text:?}: {refusal}");
        let sentence = refusal.lines().next().unwrap();
        assert!(!sentence.contains(" at line ") && sentence.len() < 300, "{sentence}");
    }
}

#[test]
fn a_secret_is_not_shown_with_the_mistake_beside_it() {
    const URI: &str = "sesame:\n  main:\n    reddis: redis://bob:hunter22@h\n";
    for text in ["key: hunter22\nkey: hunter22\n", "key: {a: hunter22}\n", "apiToken: hunter22\n", URI] {
        let refusal = Site::new(text).refusal(&[]);
        assert!(refusal.contains(": ••••••") && !refusal.contains("hunter22"), "{refusal}");
    }
}

#[test]
fn nothing_said_is_the_default() {
    let default = loaded("").config;
    for text in ["# all is commented out\n", "---\n", "log:\nactions:\nretention:\n  # jobs: 1d\n", "{}\n"] {
        let config = loaded(text).config;
        assert_eq!(config.log, Config::default().log);
        assert_eq!(config.retention, default.retention, "{text:?}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let missing = Path::new("/nonexistent/intendant.yml");
    let error = load(Some(missing), &places(&[]), &super::kinds(), None).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the configuration file /nonexistent/intendant.yml cannot be read: No such")
    );
    let error =
        load(None, &places(&[("INTENDANT_CONFIG", "/nonexistent/intendant.yml")]), &super::kinds(), None)
            .unwrap_err();
    assert!(error.to_string().contains("/nonexistent/intendant.yml"), "{error}");
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let site = Site::new("");
    std::fs::write(site.path("intendant.yml"), b"log: \xff\n").unwrap();
    assert!(site.refusal(&[]).contains("UTF-8"));
}

#[test]
fn what_cannot_be_is_refused_with_its_origin() {
    let site = Site::new("data:\n  folder: data\nkey: file:data/sub/key\n");
    assert!(
        site.refusal(&[]).starts_with("key (intendant.yml:3): the key must not lie in the data folder"),
        "{}",
        site.refusal(&[])
    );
    let site = Site::new("backends:\n  timeout: 0s\n");
    assert!(site.refusal(&[]).starts_with("backends.timeout (intendant.yml:2): "));
    let site = Site::new("");
    let refusal = site.refusal(&[("INTENDANT_REQUESTS__MAX_SIZE", "0")]);
    assert!(refusal.starts_with("requests.max_size ($INTENDANT_REQUESTS__MAX_SIZE): "), "{refusal}");
    // The default place of the key follows the file, which may lie in the data folder.
    let refusal = Site::new("data: {folder: .}\n").refusal(&[]);
    assert!(refusal.starts_with("key (default): "), "{refusal}");
}
