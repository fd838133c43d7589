use model::{MASK, Secret, SecretSet, masked_pointers, put_back, take_secrets};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn taken(body: &Value, pointers: &[&str]) -> (Value, Vec<String>) {
    let mut body = body.clone();
    let pointers: Vec<String> = pointers.iter().map(ToString::to_string).collect();
    let set = take_secrets(&mut body, &pointers);
    (body, set.pointers().map(str::to_owned).collect())
}

fn any_body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from(MASK)),
    ];
    let key = prop_oneof![any::<String>(), Just("password".to_owned()), Just("a/b~c".to_owned())];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_taken_can_be_put_back(body in any_body(), pointers in proptest::collection::vec("(/[a-z*]{0,8}){0,3}", 0..3)) {
        let mut masked = body.clone();
        let set = take_secrets(&mut masked, &pointers);
        let stored = SecretSet::from_bytes(&set.to_bytes()).unwrap();
        prop_assert_eq!(&stored, &set);
        put_back(&mut masked, &stored);
        prop_assert_eq!(masked, body);
    }

    #[test]
    fn every_mask_in_a_body_is_accounted_for(body in any_body()) {
        let own = masked_pointers(&body);
        let mut masked = body.clone();
        let set = take_secrets(&mut masked, &[]);
        let mut all: Vec<String> = set.pointers().map(str::to_owned).chain(own).collect();
        all.sort();
        let mut found = masked_pointers(&masked);
        found.sort();
        prop_assert_eq!(found, all);
    }

    #[test]
    fn a_secret_is_not_left_anywhere(secret in "[a-z]{6,12}") {
        let mut body = json!({
            "payload": {"newPassword": secret, "note": format!("it is {secret}!"), "list": [secret, {"x": secret}]},
        });
        let set = take_secrets(&mut body, &[]);
        prop_assert!(!body.to_string().contains(&secret));
        prop_assert_eq!(set.pointers().count(), 4);
        let shown = format!("{set:?}");
        prop_assert!(!shown.contains(&secret) && shown.contains("\"/payload/note\""), "{shown}");
    }
}

#[test]
fn a_number_that_repeats_a_secret_is_taken_too() {
    let (body, pointers) =
        taken(&json!({"pin": 123_456, "secret": "123456", "n": 1, "list": [9_123_456]}), &[]);
    assert_eq!(body, json!({"pin": MASK, "secret": MASK, "n": 1, "list": [MASK]}));
    assert_eq!(pointers, ["/list/0", "/pin", "/secret"]);
}

#[test]
fn key_names_that_say_secret() {
    for key in [
        "password",
        "Password",
        "PASSWORD",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "secret",
        "apikey",
        "apiKey",
        "api_key",
        "API-KEY",
        "token",
        "accessToken",
        "refresh_token",
        "privateKey",
        "private-key",
        "credential",
        "credentials",
        "userPassword",
        "newPassword",
        "oldPassword",
        "unicodePwd",
        "sambaNTPassword",
        "client_secret",
        "password2",
        "password_1",
        "passwordConfirmation",
        "confirmPassword",
        "new.password",
        "passwordHash",
        "tokens",
        "mdp",
        "motDePasse",
        "Authorization",
        "shared secret",
        "tokenValue",
        "password_repeat",
        "password-confirm",
        "newPass",
        "passNew",
        "userpass",
        "passwordNew",
        "passwordOld",
        "userPassword;binary",
        "user[password]",
        "nouveauMdp",
        "mdpNouveau",
        "nouveau_mot_de_passe",
        "Mot de passé",
        "pin",
        "PIN",
        "pinCode",
        "codePin",
        "pin2",
        "otp",
        "totpSecret",
        "otpSeed",
        "puk",
        "secretKey",
        "secret_access_key",
        "encryptionKey",
        "clé privée",
        "cleSecrete",
        "jetonAcces",
        "passcode",
        "oneTimePassword",
        "passwordResetToken",
        "pwdHistory",
        "secretAnswer",
        "recoveryCodes",
    ] {
        let (body, pointers) = taken(&json!({ key: "v4lue" }), &[]);
        assert_eq!(body, json!({ key: MASK }), "{key}");
        assert_eq!(pointers, [format!("/{key}")]);
    }
}

#[test]
fn key_names_that_only_sound_like_it() {
    let body = json!({
        "passwordUsage": {"expires": "2027-01-01", "changes": 3},
        "passwordPolicy": "strong", "pwdLastSet": "2026-01-01", "secretary": "alice", "tokenType": "Bearer",
        "passport": "x123", "keyboard": "azerty", "compass": "north", "uid": "alice", "passwords_count": 12,
        "mdp_url": "https://example.org", "hash": "abcd", "value": "abcd", "tokenizer": "bpe",
        "passwordLastSet": "2026-01-01", "pwdChangedTime": "20260101000000Z", "pwdMustChange": "TRUE",
        "mustChangePassword": "yes", "tokenExpiry": "2027-01-01", "maxTokens": 100, "shipping": "x", "bypass": "x",
        "spin": 3, "passenger": "alice", "dateMotDePasse": "2026-01-01", "credentialId": "x", "secretariat": "x",
        "badPwdCount": 3, "publicKey": "ssh-ed25519 AAAA", "postalCode": "86000", "shadowLastChange": 20000,
        "telephoneNumber": "+33", "roomDptName": "x", "author": "x", "passCulture": "x", "opinion": "x", "keyName": "x",
    });
    assert_eq!(taken(&body, &[]), (body.clone(), vec![]));
}

#[test]
fn empty_null_and_boolean_are_no_secrets() {
    let body =
        json!({"password": "", "token": null, "secret": true, "credentials": {"a": [], "b": {}, "c": false}});
    assert_eq!(taken(&body, &[]), (body.clone(), vec![]));
}

#[test]
fn everything_below_a_secret_key_counts() {
    let body = json!({"credentials": {"login": "alice", "pins": [1234, 0.5], "keep": true}, "uid": "bob"});
    let (body, pointers) = taken(&body, &[]);
    assert_eq!(
        body,
        json!({"credentials": {"login": MASK, "pins": [MASK, MASK], "keep": true}, "uid": "bob"})
    );
    assert_eq!(pointers, ["/credentials/login", "/credentials/pins/0", "/credentials/pins/1"]);
}

#[test]
fn pointers_name_places() {
    let body = json!({
        "a": {"b": "one1", "c": "two2"}, "list": [{"n": 1111, "x": "y"}, {"n": 2222}], "x/y": {"~": "three"},
    });
    for (pointer, expected) in [
        ("/a/b", vec!["/a/b"]),
        ("/a", vec!["/a/b", "/a/c"]),
        ("/*/b", vec!["/a/b"]),
        ("/list/*/n", vec!["/list/0/n", "/list/1/n"]),
        ("/list/1/n", vec!["/list/1/n"]),
        ("/x~1y/~0", vec!["/x~1y/~0"]),
        ("/none/of/these", vec![]),
        ("/a/b/c", vec![]),
        ("a/b", vec!["/a/b"]),
        ("/", vec![]),
    ] {
        assert_eq!(taken(&body, &[pointer]).1, expected, "{pointer}");
    }
    assert_eq!(taken(&body, &[""]).1.len(), 6, "the empty pointer is the whole body");
}

#[test]
fn a_mask_in_the_body_is_no_secret_and_is_told() {
    let body = json!({"payload": {"newPassword": MASK, "list": ["x", MASK], "n/m": MASK, "near": format!("{MASK}!")}});
    let (same, pointers) = taken(&body, &["/payload/list"]);
    assert_eq!(same["payload"]["newPassword"], MASK);
    assert_eq!(pointers, ["/payload/list/0"]);
    assert_eq!(masked_pointers(&body), ["/payload/newPassword", "/payload/list/1", "/payload/n~1m"]);
}

#[test]
fn a_replay_gives_a_secret_anew() {
    let mut body = json!({"payload": {"newPassword": MASK, "oldPassword": "edited"}});
    let mut set = SecretSet::default();
    assert!(set.is_empty());
    set.set("/payload/newPassword", json!("fresh"));
    set.set("/payload/oldPassword", json!("stale"));
    set.set("/payload/missing", json!("nowhere"));
    set.set("/payload/empty", json!(""));
    assert!(!set.is_empty());
    assert_eq!(
        set.pointers().collect::<Vec<_>>(),
        ["/payload/missing", "/payload/newPassword", "/payload/oldPassword"]
    );
    put_back(&mut body, &set);
    assert_eq!(body, json!({"payload": {"newPassword": "fresh", "oldPassword": "edited"}}));
}

#[test]
fn numbers_come_back_as_numbers() {
    let mut body = json!({"secret": [1, -2.5, 12_345_678_901_234_567_u64]});
    let original = body.clone();
    let set = take_secrets(&mut body, &[]);
    put_back(&mut body, &set);
    assert_eq!(body, original);
}

#[test]
fn sealed_secrets_are_compact_and_bad_ones_are_refused() {
    let mut set = SecretSet::default();
    set.set("/a", json!("s3cret"));
    assert_eq!(set.to_bytes().as_slice(), br#"{"/a":"s3cret"}"#);
    assert_eq!(SecretSet::default().to_bytes().as_slice(), b"{}");
    let error = SecretSet::from_bytes(b"{\"/a\":\"s3cret\"").unwrap_err();
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn the_buffer_of_secrets_never_grows() {
    let mut set = SecretSet::default();
    set.set("/\u{1}\u{1}", json!("\u{1}\u{2}\"\\".repeat(50)));
    set.set("/n", json!(f64::MIN_POSITIVE));
    let room = set.to_bytes().capacity();
    assert!(room >= set.to_bytes().len());
    let exact = 6 * (3 + 200) + 6 + 6 * (2 + 23) + 6 + 2;
    assert_eq!(room, exact);
}

#[test]
fn a_secret_never_shows() {
    let secret = Secret::new("hunter22".to_owned());
    assert_eq!(
        format!("{secret} {secret:?} {}", serde_json::to_string(&secret).unwrap()),
        format!("{MASK} {MASK} \"{MASK}\"")
    );
    assert_eq!(secret.expose(), "hunter22");
}

/// Its drop is seen through a value that notes when it is overwritten.
#[test]
fn a_secret_is_overwritten_when_dropped() {
    struct Noted(std::rc::Rc<std::cell::Cell<bool>>);
    impl zeroize::Zeroize for Noted {
        fn zeroize(&mut self) {
            self.0.set(true);
        }
    }
    let overwritten = std::rc::Rc::new(std::cell::Cell::new(false));
    drop(Secret::new(Noted(overwritten.clone())));
    assert!(overwritten.get());
}
